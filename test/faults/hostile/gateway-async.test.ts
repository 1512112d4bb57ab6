/** Asynchronous calls under attack: uploads that never end, callbacks that never answer, places that are nobody's business. */
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { callbackUrlOf } from "../../../services/local-openfaas/gateway/async/callback-url.ts";
import { Uploads } from "../../../services/local-openfaas/gateway/async/uploads.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway } from "../../support/gateway.ts";
import { rawConnection } from "../../support/raw-http.ts";
import { recordEachTest } from "../support/figures.ts";

recordEachTest(import.meta.filename);

async function serve(t: TestContext, handler: RequestListener): Promise<{ readonly port: number }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port };
}

const unfinished = "POST /async-function/work HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf";

test("hostile: a thousand uploads that are never finished keep nobody out", async (t) => {
  const gateway = await startTestGateway(t, { limits: { asyncUploadStallMs: 1 } });
  await gateway.deploy("work");
  const attackers = await Promise.all(Array.from({ length: 1_000 }, () => rawConnection(gateway.url)));
  for (const { socket } of attackers) socket.write(unfinished);
  // In the order of arrival: when the last one has its answer or its place, all have.
  await eventually(() => attackers.filter((each) => each.socket.destroyed || each.text() !== "").length >= 750, {
    what: "the bound of one address: 250",
  });
  const queue = () => fetch(`${gateway.url}/async-function/work`, { method: "POST", body: "whole" });
  for (let i = 0; i < 20; i++) assert.equal((await queue()).status, 202, `call ${i}`);
  const codes = attackers.map((each) => /^HTTP\/1\.1 (\d+)/.exec(each.text())?.[1] ?? "none");
  assert.ok(
    codes.every((code) => code === "408" || code === "429" || code === "none"),
    [...new Set(codes)].join(" "),
  );
  for (const { socket } of attackers) socket.destroy();
});

test("hostile: an upload that takes too long is ended with 408", async (t) => {
  const gateway = await startTestGateway(t, { limits: { asyncUploadTimeoutMs: 30 } });
  const raw = await rawConnection(gateway.url);
  raw.socket.write(unfinished);
  assert.match(await raw.until(/\r\n\r\n.*within/s), /^HTTP\/1\.1 408 [\s\S]*a body must arrive within 0\.03 s/);
  await eventually(() => raw.socket.destroyed, { what: "the end of the connection" });
});

test("hostile: uploads make room for others when they stand still, and not before", () => {
  let nowMs = 0;
  const limits = { maxUploads: 3, maxPerAddress: 2, maxBytes: 100, timeoutMs: 60_000, stallMs: 1_000 };
  const uploads = new Uploads(limits, () => nowMs);
  const dropped: string[] = [];
  const begin = (name: string, address: string) => uploads.begin(address, () => dropped.push(name));
  const [a, b] = [begin("a", "x"), begin("b", "x")];
  assert.equal(begin("c", "x"), undefined, "two of one address");
  const d = begin("d", "y");
  assert.equal(begin("e", "z"), undefined, "three of all");
  nowMs = 900;
  assert.equal(uploads.moved(a!, 60), true);
  assert.equal(uploads.moved(b!, 60), false, "bytes of all");
  nowMs = 1_500;
  const f = begin("f", "z");
  assert.deepEqual([dropped, f !== undefined], [["d"], true], "the one that moved longest ago");
  nowMs = 1_950;
  assert.equal(uploads.moved(f!, 90), true);
  assert.deepEqual(dropped, ["d", "a"], "b moved at 900 ms with a, and was refused its bytes: a came first");
  for (const each of [a, b, d, f]) uploads.end(each!);
  const next = uploads.begin("x", () => assert.fail("nothing stands still"))!;
  assert.deepEqual([uploads.moved(next, 100), uploads.moved(next, 1)], [true, false], "all room is back");
  uploads.end(next);
});

test("hostile: callbacks that never answer hold up neither calls nor other callbacks", async (t) => {
  const silent = await serve(t, () => undefined);
  const received: string[] = [];
  const good = await serve(t, (request, response) => {
    received.push(String(request.headers["x-call-id"]));
    response.end();
  });
  const gateway = await startTestGateway(t, { callbackHosts: ["127.0.0.1"] });
  await gateway.deploy("work");
  const queue = (port: number, id: string) =>
    fetch(`${gateway.url}/async-function/work`, {
      method: "POST",
      headers: { "X-Callback-Url": `http://127.0.0.1:${port}/`, "X-Call-Id": id },
    });
  for (let i = 0; i < 40; i++) assert.equal((await queue(silent.port, `silent-${i}`)).status, 202);
  for (let i = 0; i < 10; i++) assert.equal((await queue(good.port, `good-${i}`)).status, 202);
  await eventually(() => received.length === 10, { what: "the ten callbacks that are answered" });
  const label = 'gateway_function_invocation_total{function_name="work.openfaas-fn",code="200"}';
  await eventually(async () => (await gateway.metric(label)) === 50, { what: "all fifty calls" });
  assert.equal(gateway.provider.get("work")!.replicas[0]!.inFlight, 0);
});

test("hostile: a callback that does not answer in time is given up, and the next has its turn", async (t) => {
  const seen: string[] = [];
  const silent = await serve(t, (request) => seen.push(String(request.headers["x-call-id"])));
  const limits = { callbackTimeoutMs: 50, maxCallbacksPerHost: 1 };
  const gateway = await startTestGateway(t, { callbackHosts: ["127.0.0.1"], limits });
  await gateway.deploy("work");
  for (const id of ["a", "b", "c"]) {
    const headers = { "X-Callback-Url": `http://u:secret@127.0.0.1:${silent.port}/at?token=secret`, "X-Call-Id": id };
    await fetch(`${gateway.url}/async-function/work`, { method: "POST", headers });
  }
  await eventually(() => gateway.logged.length === 3, { what: "three lines" });
  assert.equal(seen.length, 3);
  for (const line of gateway.logged) {
    assert.match(line, /the callback http:\/\/127\.0\.0\.1:\d+\/at did not answer within 0\.05 s$/);
    assert.doesNotMatch(line, /secret/);
  }
});

for (const { name, status, handler } of [
  { name: "is refused", status: 403, handler: undefined },
  { name: "answers 500", status: 202, handler: ((_, response) => response.writeHead(500).end()) as RequestListener },
]) {
  test(`hostile: the credentials of a callback that ${name} stand in no log and no answer`, async (t) => {
    const there = await serve(t, handler ?? (() => assert.fail("called")));
    const gateway = await startTestGateway(t, handler ? { callbackHosts: ["127.0.0.1"] } : {});
    await gateway.deploy("work");
    const headers = { "X-Callback-Url": `http://user:s3cret@127.0.0.1:${there.port}/?key=s3cret` };
    const response = await fetch(`${gateway.url}/async-function/work`, { method: "POST", headers });
    const answer = await response.text();
    assert.equal(response.status, status);
    if (handler) await eventually(() => gateway.logged.length === 1, { what: "the line" });
    assert.doesNotMatch(answer + gateway.logged.join("\n"), /s3cret/);
  });
}

test("hostile: a function of this gateway may be called back, by any of its addresses", async (t) => {
  const seen: string[] = [];
  const gateway = await startTestGateway(t, {
    handlers: { sink: (request, response) => (seen.push(request.url!), void response.end()) },
  });
  await gateway.deploy("work");
  await gateway.deploy("sink");
  const { port } = new URL(gateway.url);
  for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
    const headers = { "X-Callback-Url": `http://${host}:${port}/function/sink/${host}` };
    assert.equal((await fetch(`${gateway.url}/async-function/work`, { method: "POST", headers })).status, 202);
  }
  await eventually(() => seen.length === 3, { what: "three callbacks" });
  assert.deepEqual(gateway.logged, []);
});

const rules = { gateway: new URL("http://127.0.0.1:8080"), hosts: ["hooks.example.com", "10.0.0.1:9000"] };
for (const { url, allowed } of [
  { url: "http://127.0.0.1:8080/function/f", allowed: true },
  { url: "http://localhost:8080/async-function/f?x=y", allowed: true },
  { url: "https://hooks.example.com/x", allowed: true },
  { url: "http://HOOKS.example.com:81/x", allowed: true },
  { url: "http://10.0.0.1:9000/", allowed: true },
  { url: "http://10.0.0.1/", allowed: false },
  { url: "http://127.0.0.1:8080/system/functions", allowed: false },
  { url: "http://127.0.0.1:8080/function/../system/functions", allowed: false },
  { url: "http://127.0.0.1:8080/function/%2e%2e/system/functions", allowed: false },
  { url: "http://127.0.0.1:8080\\@evil.example/function/f", allowed: false },
  { url: "http://127.0.0.1:8081/function/f", allowed: false },
  { url: "http://127.0.0.1:4222/", allowed: false },
  { url: "http://0x7f.1:8082/metrics", allowed: false },
  { url: "http://127.0.0.1.nip.example:8080/function/f", allowed: false },
  { url: "http://169.254.169.254/latest/meta-data", allowed: false },
  { url: "http://u:p@hooks.example.com.evil.example/", allowed: false },
  { url: "http://hooks.example.com@evil.example/", allowed: false },
]) {
  test(`hostile: a callback to ${url} is ${allowed ? "allowed" : "refused"}`, () => {
    const read = () => callbackUrlOf(url, rules);
    if (allowed) assert.ok(read());
    else assert.throws(read, /^Refusal: X-Callback-Url must be that of a function of this gateway/);
  });
}
