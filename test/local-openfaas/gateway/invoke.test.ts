/** Synchronous invocation through the gateway: what passes, what is added, what is refused, what is counted. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";
import { test } from "node:test";
import { eventually } from "#test/support/eventually.ts";
import { startTestGateway } from "#test/support/gateway.ts";
import { rawConnection } from "#test/support/raw-http.ts";

/** Answers with what the replica was asked. */
const mirror: RequestListener = (request, response) => {
  const seen = { method: request.method, url: request.url, headers: request.headers };
  response.setHeader("Content-Type", "application/json");
  request.resume();
  request.on("end", () => response.end(JSON.stringify(seen)));
};

type Seen = Pick<IncomingMessage, "method" | "url" | "headers">;

test("invoke: a call passes with its path, query and body, under both names, and is counted", async (t) => {
  const echo: RequestListener = (request, response) => {
    response.setHeader("X-Seen", `${request.method} ${request.url}`);
    request.pipe(response);
  };
  const gateway = await startTestGateway(t, { handlers: { echo } });
  await gateway.deploy("echo");
  for (const name of ["echo", "echo.openfaas-fn"]) {
    const response = await fetch(`${gateway.url}/function/${name}/a/b?c=d`, { method: "POST", body: "hello" });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "hello");
    assert.equal(response.headers.get("x-seen"), "POST /a/b?c=d");
  }
  const label = 'function_name="echo.openfaas-fn"';
  assert.equal(await gateway.metric(`gateway_function_invocation_total{${label},code="200"}`), 2);
  assert.equal(await gateway.metric(`gateway_function_invocation_started{${label}}`), 2);
  assert.equal(await gateway.metric(`gateway_function_invocation_inflight{${label}}`), 0);
  assert.equal(await gateway.metric(`gateway_functions_seconds_count{${label},code="200"}`), 2);
  assert.equal(await gateway.metric(`gateway_functions_seconds_bucket{le="+Inf",${label},code="200"}`), 2);
});

for (const { name, path, want } of [
  { name: "no path", path: "mirror", want: "/" },
  { name: "a slash", path: "mirror/", want: "/" },
  { name: "a query alone", path: "mirror?a=1", want: "/?a=1" },
  { name: "a path that is escaped", path: "mirror/a%2Fb/%C3%A4", want: "/a%2Fb/%C3%A4" },
  { name: "a name with namespace and a path with dots", path: "mirror.openfaas-fn/x.y.z", want: "/x.y.z" },
]) {
  test(`invoke: the function sees ${want} for ${name}`, async (t) => {
    const gateway = await startTestGateway(t, { handlers: { mirror } });
    await gateway.deploy("mirror");
    const seen = (await (await fetch(`${gateway.url}/function/${path}`)).json()) as Seen;
    assert.equal(seen.url, want);
  });
}

test("invoke: a call is marked with an id, a time, and who forwarded it", async (t) => {
  const gateway = await startTestGateway(t, { handlers: { mirror } });
  await gateway.deploy("mirror");
  const response = await fetch(`${gateway.url}/function/mirror`);
  const { headers } = (await response.json()) as Seen;
  const callId = response.headers.get("x-call-id");
  assert.match(callId ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(headers["x-call-id"], callId, "function and caller receive the same id");
  assert.match(String(headers["x-start-time"]), /^\d{19}$/);
  assert.equal(response.headers.get("x-start-time"), headers["x-start-time"]);
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(headers["x-forwarded-host"], new URL(gateway.url).host);
  assert.match(response.headers.get("x-served-by") ?? "", /^local-openfaas\//);
  assert.match(response.headers.get("x-duration-seconds") ?? "", /^\d+\.\d{6}$/);

  const named = await fetch(`${gateway.url}/function/mirror`, {
    headers: { "X-Call-Id": "mine", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "example.org" },
  });
  const seen = (await named.json()) as Seen;
  assert.equal(seen.headers["x-call-id"], "mine");
  assert.equal(named.headers.get("x-call-id"), null, "only an id that the caller does not know is returned");
  assert.equal(seen.headers["x-forwarded-for"], "10.0.0.1, 127.0.0.1");
  assert.equal(seen.headers["x-forwarded-host"], "example.org");
});

test("invoke: headers meant for one hop stay on it, in both directions", async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: {
      mirror,
      hops: (_, response) => {
        response.writeHead(200, {
          Connection: "keep-alive, X-Inner",
          "X-Inner": "1",
          "X-Outer": "2",
          "Content-Length": "2",
        });
        response.end("ok");
      },
    },
  });
  await gateway.deploy("mirror");
  await gateway.deploy("hops");
  const raw = await rawConnection(gateway.url);
  raw.socket.write(
    "POST /function/mirror HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nX-Yours: 2\r\n" +
      "TE: trailers\r\nProxy-Authorization: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  );
  const text = await raw.until(/\}\}/);
  assert.match(text, /"x-yours":"2"/);
  assert.doesNotMatch(text, /x-mine|"te"|proxy-authorization/);
  raw.socket.destroy();
  const response = await fetch(`${gateway.url}/function/hops`);
  assert.equal(response.headers.get("x-outer"), "2");
  assert.equal(response.headers.get("x-inner"), null);
});

test("invoke: HEAD and OPTIONS pass, other verbs are refused with 405", async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: {
      verbs: (request, response) => {
        response.writeHead(request.method === "OPTIONS" ? 204 : 200, { "X-Verb": request.method!, Allow: "GET" });
        response.end(request.method === "OPTIONS" ? undefined : "body");
      },
    },
  });
  await gateway.deploy("verbs");
  const head = await fetch(`${gateway.url}/function/verbs`, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("x-verb"), await head.text()], [200, "HEAD", ""]);
  const options = await fetch(`${gateway.url}/function/verbs`, { method: "OPTIONS" });
  assert.deepEqual([options.status, options.headers.get("x-verb")], [204, "OPTIONS"]);
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    assert.equal((await fetch(`${gateway.url}/function/verbs`, { method })).status, 200, method);
  }
  const raw = await rawConnection(gateway.url);
  raw.socket.write("PROPFIND /function/verbs HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert.match(await raw.until(/PROPFIND\n/), /^HTTP\/1\.1 405 /);
  raw.socket.destroy();
});

test("invoke: a function that is not deployed is 404, another namespace 400; neither is counted", async (t) => {
  const gateway = await startTestGateway(t);
  const missing = await fetch(`${gateway.url}/function/nobody`, { method: "POST", body: "x" });
  assert.equal(missing.status, 404);
  assert.equal(await missing.text(), "no function 'nobody' is deployed here\n");
  const elsewhere = await fetch(`${gateway.url}/function/nobody.staging`);
  assert.equal(elsewhere.status, 400);
  assert.equal(await elsewhere.text(), "namespace must be openfaas-fn, was: 'staging'\n");
  const metrics = await (await fetch(`${gateway.metricsUrl}/metrics`)).text();
  assert.doesNotMatch(metrics, /nobody/);
});

test("invoke: statuses and headers of the function pass as they are", async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: {
      teapot: (_, response) => {
        response.writeHead(418, "Short And Stout", { "Set-Cookie": ["a=1", "b=2"], "X-Odd": "\u00e4" });
        response.end("tea");
      },
    },
  });
  await gateway.deploy("teapot");
  const response = await fetch(`${gateway.url}/function/teapot`);
  assert.deepEqual([response.status, response.statusText], [418, "Short And Stout"]);
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(response.headers.get("x-odd"), "\u00e4");
  assert.equal(await response.text(), "tea");
  assert.equal(
    await gateway.metric('gateway_function_invocation_total{function_name="teapot.openfaas-fn",code="418"}'),
    1,
  );
});

test("invoke: the answer streams: the first part is there while the function still works", async (t) => {
  let finish: () => void = () => undefined;
  const gateway = await startTestGateway(t, {
    handlers: {
      slow: (_, response) => {
        response.write("first ");
        finish = () => response.end("last");
      },
    },
  });
  await gateway.deploy("slow");
  const response = await fetch(`${gateway.url}/function/slow`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, "first ");
  const inFlight = 'gateway_function_invocation_inflight{function_name="slow.openfaas-fn"}';
  assert.equal(await gateway.metric(inFlight), 1);
  assert.equal(gateway.provider.get("slow")!.replicas[0]!.inFlight, 1);
  finish();
  assert.equal((await reader.read()).value, "last");
  assert.equal((await reader.read()).done, true);
  assert.equal(await gateway.metric(inFlight), 0);
  assert.equal(gateway.provider.get("slow")!.replicas[0]!.inFlight, 0);
});

test("invoke: 64 MB pass up and down whole, with and without a length", async (t) => {
  const gateway = await startTestGateway(t, { handlers: { echo: (request, response) => void request.pipe(response) } });
  await gateway.deploy("echo");
  const part = Buffer.alloc(1024 * 1024, "0123456789abcdef");
  const parts = 64;
  const wanted = createHash("sha256");
  for (let i = 0; i < parts; i++) wanted.update(part);
  async function* body() {
    for (let i = 0; i < parts; i++) yield part;
  }
  const chunked = await fetch(`${gateway.url}/function/echo`, {
    method: "POST",
    body: body(),
    duplex: "half",
  });
  const received = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunked.body!) {
    bytes += (chunk as Uint8Array).length;
    received.update(chunk as Uint8Array);
  }
  assert.equal(bytes, parts * part.length);
  const digest = wanted.digest("hex");
  assert.equal(received.digest("hex"), digest);
  const sized = await fetch(`${gateway.url}/function/echo`, {
    method: "POST",
    body: Buffer.concat(Array(parts).fill(part)),
  });
  assert.equal(
    createHash("sha256")
      .update(Buffer.from(await sized.arrayBuffer()))
      .digest("hex"),
    digest,
  );
});

test("invoke: a client that leaves ends the call at the replica too, and is counted as 499", async (t) => {
  let left = false;
  const gateway = await startTestGateway(t, {
    handlers: {
      waits: (_, response) => {
        response.on("close", () => (left = true));
      },
    },
  });
  await gateway.deploy("waits");
  const raw = await rawConnection(gateway.url);
  raw.socket.write("GET /function/waits HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await eventually(() => gateway.provider.get("waits")!.replicas[0]!.inFlight === 1, { what: "the call" });
  raw.socket.destroy();
  await eventually(() => left, { what: "the replica's call to be ended" });
  assert.equal(gateway.provider.get("waits")!.replicas[0]!.inFlight, 0);
  const label = 'function_name="waits.openfaas-fn"';
  assert.equal(await gateway.metric(`gateway_function_invocation_total{${label},code="499"}`), 1);
});

test("invoke: connections to a replica are kept and used again", async (t) => {
  const ports = new Set<number | undefined>();
  const gateway = await startTestGateway(t, {
    handlers: {
      one: (request, response) => {
        ports.add(request.socket.remotePort);
        response.end("ok");
      },
    },
  });
  await gateway.deploy("one");
  for (let i = 0; i < 5; i++) await (await fetch(`${gateway.url}/function/one`)).text();
  assert.equal(ports.size, 1);
});
