/** What ends a call before its time: limits of the function and of the gateway, replicas that die, bodies too large. */
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import { eventually } from "#test/support/eventually.ts";
import { authorization, startTestGateway, type TestGateway } from "#test/support/gateway.ts";
import { rawConnection } from "#test/support/raw-http.ts";

const silent: RequestListener = () => undefined;

const total = (gateway: TestGateway, name: string, code: number) =>
  gateway.metric(`gateway_function_invocation_total{function_name="${name}.openfaas-fn",code="${code}"}`);

test("limits: over max_inflight of the picked replica is 429, counted, and the replica never sees it", async (t) => {
  const waiting: (() => void)[] = [];
  const gateway = await startTestGateway(t, {
    handlers: { busy: (_, response) => void waiting.push(() => response.end("done")) },
  });
  await gateway.deploy("busy");
  gateway.provider.limits["busy"] = { maxInflight: 2 };
  const both = [fetch(`${gateway.url}/function/busy`), fetch(`${gateway.url}/function/busy`)];
  await eventually(() => waiting.length === 2, { what: "two calls" });
  const third = await fetch(`${gateway.url}/function/busy`);
  assert.equal(third.status, 429);
  assert.equal(third.headers.get("x-openfaas-internal"), "of-watchdog");
  assert.match(await third.text(), /^Concurrent request limit exceeded/);
  assert.equal(waiting.length, 2);
  for (const end of waiting) end();
  for (const each of both) assert.equal((await each).status, 200);
  const fourth = fetch(`${gateway.url}/function/busy`);
  await eventually(() => waiting.length === 3, { what: "a place" });
  waiting[2]!();
  assert.equal((await fourth).status, 200);
  assert.equal(await total(gateway, "busy", 429), 1);
  assert.equal(await total(gateway, "busy", 200), 3);
});

test("limits: a body that has not come to its end takes a place of max_inflight, and gives it back", async (t) => {
  const whole: RequestListener = (request, response) => void request.resume().on("end", () => response.end("whole"));
  const gateway = await startTestGateway(t, { handlers: { whole } });
  await gateway.deploy("whole");
  gateway.provider.limits["whole"] = { maxInflight: 2 };
  const [replica] = gateway.provider.get("whole")!.replicas;
  const slow = await Promise.all([0, 1].map(() => rawConnection(gateway.url)));
  for (const { socket } of slow) {
    socket.write("POST /function/whole HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc");
  }
  await eventually(() => replica!.inFlight === 2, { what: "two calls" });
  const third = await fetch(`${gateway.url}/function/whole`, { method: "POST", body: "x" });
  assert.deepEqual(
    [third.status, await third.text()],
    [429, "Concurrent request limit exceeded. Max concurrent requests: 2\n"],
  );
  for (const { socket } of slow) socket.destroy();
  await eventually(() => replica!.inFlight === 0, { what: "the end of the calls" });
  assert.equal((await fetch(`${gateway.url}/function/whole`, { method: "POST", body: "x" })).status, 200);
});

for (const { name, limits, execTimeoutMs, headers, status, sentence } of [
  { name: "exec_timeout", limits: {}, execTimeoutMs: 50, status: 504, sentence: /exec_timeout of 0.05 s/ },
  {
    name: "X-Timeout",
    limits: {},
    execTimeoutMs: 10_000,
    headers: { "X-Timeout": "50ms" },
    status: 504,
    sentence: /X-Timeout of 0.05 s/,
  },
  {
    name: "upstream_timeout",
    limits: { upstreamTimeoutMs: 50 },
    execTimeoutMs: 10_000,
    status: 502,
    sentence: /upstream_timeout of 0.05 s/,
  },
]) {
  test(`limits: ${name} answers ${status} and ends the call at the replica`, async (t) => {
    let ended = false;
    const gateway = await startTestGateway(t, {
      limits,
      handlers: { slow: (request) => void request.socket.on("close", () => (ended = true)) },
    });
    await gateway.deploy("slow");
    gateway.provider.limits["slow"] = { execTimeoutMs };
    const response = await fetch(`${gateway.url}/function/slow`, {
      method: "POST",
      body: "x",
      ...(headers && { headers }),
    });
    assert.equal(response.status, status);
    assert.match(await response.text(), sentence);
    await eventually(() => ended, { what: "the end of the call at the replica" });
    assert.equal(await total(gateway, "slow", status), 1);
    assert.equal(gateway.provider.get("slow")!.replicas[0]!.inFlight, 0);
  });
}

test("limits: an answer that has begun when its time is over is broken off, not completed", async (t) => {
  const gateway = await startTestGateway(t, { handlers: { drip: (_, response) => void response.write("some") } });
  await gateway.deploy("drip");
  gateway.provider.limits["drip"] = { execTimeoutMs: 100 };
  const response = await fetch(`${gateway.url}/function/drip`);
  assert.equal(response.status, 200);
  await assert.rejects(response.text());
  assert.equal(await total(gateway, "drip", 504), 1);
});

test("limits: a replica that refuses the connection is passed over once, with the whole body", async (t) => {
  const gateway = await startTestGateway(t, { handlers: { echo: (request, response) => void request.pipe(response) } });
  await gateway.deploy("echo", { labels: { "com.openfaas.scale.min": "2" } });
  const [first] = gateway.provider.get("echo")!.replicas;
  await gateway.provider.crash(first!);
  for (let i = 0; i < 4; i++) {
    const response = await fetch(`${gateway.url}/function/echo`, { method: "POST", body: `body ${i}` });
    assert.deepEqual([response.status, await response.text()], [200, `body ${i}`]);
  }
  assert.equal(await total(gateway, "echo", 200), 4);
  assert.deepEqual(
    gateway.provider.get("echo")!.replicas.map(({ inFlight }) => inFlight),
    [0, 0],
  );
});

test("limits: with no other replica a refused connection is 502", async (t) => {
  const gateway = await startTestGateway(t);
  await gateway.deploy("gone");
  await gateway.provider.crash(gateway.provider.get("gone")!.replicas[0]!);
  const response = await fetch(`${gateway.url}/function/gone`);
  assert.equal(response.status, 502);
  assert.equal(response.headers.get("x-openfaas-internal"), "proxy");
  assert.match(await response.text(), /can't reach a replica of 'gone': ECONNREFUSED/);
  assert.equal(await total(gateway, "gone", 502), 1);
});

test("limits: a call that a replica may have begun is not repeated", async (t) => {
  let begun = 0;
  const gateway = await startTestGateway(t, {
    handlers: {
      dies: (request) => {
        begun++;
        request.on("data", () => request.socket.destroy());
      },
    },
  });
  await gateway.deploy("dies", { labels: { "com.openfaas.scale.min": "2" } });
  const response = await fetch(`${gateway.url}/function/dies`, { method: "POST", body: "x" });
  assert.equal(response.status, 502);
  assert.equal(begun, 1);
});

test("limits: a replica that dies in the middle of its answer breaks the answer off", async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: {
      dies: (_, response) => {
        response.writeHead(200, { "Content-Length": "100" });
        response.write("half", () => response.destroy());
      },
    },
  });
  await gateway.deploy("dies");
  await assert.rejects(async () => (await fetch(`${gateway.url}/function/dies`)).text());
  await eventually(async () => (await total(gateway, "dies", 502)) === 1, { what: "the count of the failure" });
});

/** Sends a head that promises 1 GB and keeps writing until it is stopped; answers what came back and how much was taken. */
async function uploadGigabyte(
  url: string,
  path: string,
  headers = "",
): Promise<{ readonly answer: string; readonly sentBytes: number }> {
  const raw = await rawConnection(url);
  const { socket } = raw;
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Length: ${2 ** 30}\r\n\r\n`);
  const part = Buffer.alloc(256 * 1024);
  let sentBytes = 0;
  const pump = () => {
    while (!socket.destroyed && sentBytes < 2 ** 30) {
      sentBytes += part.length;
      if (!socket.write(part)) return void socket.once("drain", pump);
    }
  };
  pump();
  await eventually(() => socket.destroyed, { what: "the connection to be cut" });
  return { answer: raw.text(), sentBytes };
}

const picky: RequestListener = (_, response) => {
  response.writeHead(413, { "Content-Type": "text/plain" });
  response.end("too much for me");
};

for (const { name, path, status, headers } of [
  { name: "a function that answers 413", path: "/function/picky", status: 413 },
  { name: "a function that is not deployed", path: "/function/nobody", status: 404 },
  { name: "an asynchronous call", path: "/async-function/picky", status: 413 },
  { name: "a control call without credentials", path: "/system/functions", status: 401 },
  { name: "a control call", path: "/system/functions", status: 413, headers: `Authorization: ${authorization}\r\n` },
]) {
  test(`limits: 1 GB for ${name} is answered ${status} at once, and the upload ended`, async (t) => {
    const gateway = await startTestGateway(t, { handlers: { picky } });
    await gateway.deploy("picky");
    const before = process.memoryUsage().rss;
    const { answer, sentBytes } = await uploadGigabyte(gateway.url, path, headers);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.ok(sentBytes < 2 ** 29, `cut after ${sentBytes} bytes`);
    const grownMb = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grownMb < 200, `memory grew by ${grownMb.toFixed(0)} MB`);
  });
}

test("limits: after an early answer to a short upload the connection lives on", async (t) => {
  const gateway = await startTestGateway(t);
  const raw = await rawConnection(gateway.url);
  const body = "x".repeat(100_000);
  raw.socket.write(`POST /function/nobody HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`);
  await raw.until(/404 Not Found/);
  raw.socket.write(body);
  raw.socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert.match(await raw.until(/200 OK/), /404 Not Found[\s\S]*200 OK/);
  raw.socket.destroy();
});

test("limits: many early answers on one kept connection leave nothing behind on it", async (t) => {
  const warnings: Error[] = [];
  const hear = (warning: Error) => void warnings.push(warning);
  process.on("warning", hear);
  t.after(() => process.off("warning", hear));
  const gateway = await startTestGateway(t);
  const raw = await rawConnection(gateway.url);
  for (let call = 1; call <= 20; call++) {
    raw.socket.write("POST /function/nobody HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n");
    await eventually(() => raw.text().split("404 Not Found").length > call, { what: `answer ${call}` });
    raw.socket.write("hello");
  }
  raw.socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await raw.until(/200 OK/);
  raw.socket.destroy();
  assert.deepEqual(warnings, []);
});

test("limits: a function that wants no body and reads none answers a long one all the same", async (t) => {
  const gateway = await startTestGateway(t, { handlers: { deaf: (_, response) => void response.end("done") } });
  await gateway.deploy("deaf");
  const raw = await rawConnection(gateway.url);
  raw.socket.write(
    `POST /function/deaf HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n${"x".repeat(1_000_000)}`,
  );
  await raw.until(/done/);
  raw.socket.destroy();
  assert.equal(await total(gateway, "deaf", 200), 1);
});

test("limits: a client that sends half a body and leaves frees the replica", async (t) => {
  const gateway = await startTestGateway(t, { handlers: { half: silent } });
  await gateway.deploy("half");
  const raw = await rawConnection(gateway.url);
  raw.socket.write("POST /function/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc");
  const [replica] = gateway.provider.get("half")!.replicas;
  await eventually(() => replica!.inFlight === 1, { what: "the call" });
  raw.socket.destroy();
  await eventually(() => replica!.inFlight === 0, { what: "the end of the call" });
});

test("limits: a path that cannot be sent on is 400 and leaves nothing in flight", async (t) => {
  const gateway = await startTestGateway(t);
  await gateway.deploy("echo");
  const raw = await rawConnection(gateway.url);
  raw.socket.write("GET /function/echo/a\tb HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert.match(await raw.until(/\r\n\r\n/), /^HTTP\/1\.1 400 /);
  raw.socket.destroy();
  assert.equal(gateway.provider.get("echo")!.replicas[0]!.inFlight, 0);
  assert.equal((await fetch(`${gateway.url}/function/echo`)).status, 200);
});

test("limits: an answer that cannot be passed on is 502, and the gateway lives on", async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: {
      odd: (request) => {
        // What a sloppy server writes: a reason phrase with a control character.
        request.socket.end("HTTP/1.1 200 o\u0001k\r\nContent-Length: 2\r\n\r\nok");
      },
    },
  });
  await gateway.deploy("odd");
  assert.equal((await fetch(`${gateway.url}/function/odd`)).status, 502);
  assert.equal((await fetch(`${gateway.url}/healthz`)).status, 200);
  assert.equal(gateway.provider.get("odd")!.replicas[0]!.inFlight, 0);
});
