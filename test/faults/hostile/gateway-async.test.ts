/** Asynchronous calls under attack: uploads that never end, callbacks that never answer, places that are nobody's business. */
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { callbackUrlOf } from "#services/local-openfaas/gateway/async/callback-url.ts";
import { CallbackPool } from "#services/local-openfaas/gateway/async/callbacks.ts";
import { Uploads, type Upload } from "#services/local-openfaas/gateway/async/uploads.ts";
import { defaultLimits, type GatewayLimits } from "#services/local-openfaas/gateway/limits.ts";
import { eventually } from "#test/support/eventually.ts";
import { startTestGateway } from "#test/support/gateway.ts";
import { rawConnection } from "#test/support/raw-http.ts";
import { recordEachTest } from "#test/support/faults/figures.ts";

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
  const gateway = await startTestGateway(t);
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

for (const { name, limits, sockets, length, sent } of [
  {
    ...{ name: "four big uploads that drip at their end", sockets: 4, length: 10_000, sent: 9_500 },
    limits: { asyncMaxUploadBytes: 40_000 },
  },
  {
    ...{ name: "many small ones that drip from the start", sockets: 25, length: 1_000, sent: 1 },
    limits: { asyncMaxUploadsPerAddress: 25 },
  },
]) {
  test(`hostile: ${name} keep nobody out`, async (t) => {
    const gateway = await startTestGateway(t, { limits });
    await gateway.deploy("work");
    const head = `POST /async-function/work HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;
    const attackers = await Promise.all(Array.from({ length: sockets }, () => rawConnection(gateway.url)));
    for (const { socket } of attackers) socket.write(head + "x".repeat(sent));
    const body = "y".repeat(5_000);
    for (let i = 0; i < 40; i++) {
      for (const { socket } of attackers) if (socket.writable) socket.write("x");
      assert.equal((await fetch(`${gateway.url}/async-function/work`, { method: "POST", body })).status, 202, `${i}`);
    }
    const answered = await eventually(() => attackers.find((each) => each.text() !== ""), {
      what: "one that is dropped",
    });
    assert.match(answered!.text(), /^HTTP\/1\.1 408 [\s\S]*others need the room, and this body came in slowest/);
    for (const { socket } of attackers) socket.destroy();
  });
}

interface UploadWorld {
  nowMs: number;
  readonly uploads: Uploads;
  readonly dropped: string[];
  readonly begin: (name: string, address: string) => Upload;
}

function uploadWorld(limits: Partial<GatewayLimits>): UploadWorld {
  const some = { ...defaultLimits, asyncMaxUploadBytes: 32e6, asyncUploadTimeoutMs: 60_000 };
  const dropped: string[] = [];
  const world: UploadWorld = {
    nowMs: 0,
    uploads: new Uploads({ ...some, ...limits }, () => world.nowMs),
    dropped,
    begin: (name, address) => world.uploads.begin(address, () => dropped.push(name)),
  };
  return world;
}

test("hostile: a newcomer has room, made by the slowest upload of its address, or of the one that holds most", () => {
  const world = uploadWorld({ asyncMaxUploads: 3, asyncMaxUploadsPerAddress: 2 });
  const { uploads, dropped, begin } = world;
  const began = [begin("x1", "x"), begin("x2", "x")];
  world.nowMs = 2_000;
  uploads.moved(began[0]!, 10);
  began.push(begin("x3", "x"), begin("y1", "y"));
  assert.deepEqual(dropped, ["x2"], "two of one address");
  began.push(begin("z1", "z"));
  assert.deepEqual(dropped, ["x2", "x1"], "three of all: x had two");
  began.push(begin("w1", "w"));
  assert.deepEqual(dropped, ["x2", "x1", "x3"], "all have one: the slowest");
  assert.equal(uploads.moved(began[0]!, 10), false, "what was dropped counts no more");
  for (const each of began) uploads.end(each);
});

test("hostile: bytes have room, made by the slowest upload of the address that holds most", () => {
  const world = uploadWorld({ asyncMaxUploadBytes: 100 });
  const { uploads, dropped, begin } = world;
  const began = [begin("x1", "x"), begin("x2", "x"), begin("y1", "y")];
  const [x1, x2, y1] = began;
  for (const [upload, bytes] of [
    [x1, 20],
    [x2, 30],
    [y1, 45],
  ] as const) {
    world.nowMs += 100;
    assert.equal(uploads.moved(upload!, bytes), true);
  }
  assert.equal(uploads.moved(y1!, 10), false, "with these, y would hold most, and has no other");
  uploads.end(y1!);
  const y2 = begin("y2", "y");
  assert.equal(uploads.moved(y2, 49), true);
  assert.deepEqual(dropped, []);
  assert.equal(uploads.moved(y2, 1), true);
  assert.equal(uploads.moved(x2!, 1), true);
  assert.deepEqual(dropped, ["x1"]);
  for (const each of [...began, y2]) uploads.end(each);
  const next = begin("next", "x");
  assert.deepEqual([uploads.moved(next, 100), uploads.moved(next, 1)], [true, false], "all room is back");
  uploads.end(next);
});

test("hostile: who sends at a fair rate goes on while others drip, stuff and begin anew", () => {
  const world = uploadWorld({});
  const { uploads, dropped, begin } = world;
  const slow = begin("slow", "x");
  const began = [slow];
  for (let i = 0; i < 4; i++) {
    const stuffed = begin("stuffed", "x");
    began.push(stuffed);
    assert.equal(uploads.moved(stuffed, 7.9e6), true);
  }
  for (let second = 0; second < 60; second++) {
    for (let part = 0; part < 10; part++) {
      world.nowMs += 100;
      assert.equal(uploads.moved(slow, 3_000), true);
      for (const each of began.slice(1)) uploads.moved(each, 1);
      const small = begin("small", "x");
      assert.equal(uploads.moved(small, 20_000), true);
      uploads.end(small);
    }
    for (let i = 0; i < 100; i++) began.push(begin("dripping", "x"));
  }
  assert.deepEqual(new Set(dropped), new Set(["stuffed", "dripping"]));
  for (const each of began) uploads.end(each);
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

test("hostile: a function that never answers holds up its own calls and callbacks alone", async (t) => {
  let received = 0;
  const gateway = await startTestGateway(t, {
    handlers: { slow: () => undefined, fast: (_, response) => (received++, void response.end()) },
  });
  for (const name of ["work", "slow", "fast"]) await gateway.deploy(name);
  const { port } = new URL(gateway.url);
  const queue = (name: string, callback?: string) =>
    fetch(`${gateway.url}/async-function/${name}`, {
      method: "POST",
      headers: callback ? { "X-Callback-Url": callback } : {},
    });
  for (let i = 0; i < 20; i++) {
    // The same function by other names.
    const host = ["127.0.0.1", "localhost", "[::1]"][i % 3]!;
    const name = ["slow", "slow.openfaas-fn", "slow."][(i >> 1) % 3]!;
    assert.equal((await queue("work", `http://${host}:${port}/function/${name}/${i}`)).status, 202);
    assert.equal((await queue("slow")).status, 202);
  }
  const replica = gateway.provider.get("slow")!.replicas[0]!;
  await eventually(() => replica.inFlight === 8, { what: "four calls and four callbacks" });
  for (let i = 0; i < 5; i++) {
    assert.equal((await queue("work", `${gateway.url}/function/fast`)).status, 202);
    assert.equal((await queue("fast")).status, 202);
  }
  await eventually(() => received === 10, { what: "five callbacks and five calls", timeoutMs: 3_000 });
  assert.equal(replica.inFlight, 8);
});

test("hostile: a function's calls fill their part of the queue, not that of others", async (t) => {
  const limits = { asyncMaxCallsPerFunction: 6, asyncMaxBytesPerFunction: 20_000 };
  const gateway = await startTestGateway(t, { limits, handlers: { slow: () => undefined, heavy: () => undefined } });
  for (const name of ["work", "slow", "heavy"]) await gateway.deploy(name);
  const queue = (name: string, body = "") => fetch(`${gateway.url}/async-function/${name}`, { method: "POST", body });
  for (let i = 0; i < 6; i++) assert.equal((await queue("slow")).status, 202);
  assert.equal((await queue("heavy", "x".repeat(15_000))).status, 202);
  for (const refused of [await queue("slow"), await queue("heavy", "x".repeat(15_000))]) {
    assert.equal(refused.status, 429);
    assert.match(
      await refused.text(),
      /^as many asynchronous calls of '(slow|heavy)' wait as one function may have, try/,
    );
  }
  assert.equal((await queue("work")).status, 202);
});

for (const { short, limits } of [
  { short: "places", limits: { maxWaitingCallbacks: 3, asyncMaxBytes: 1_000 } },
  { short: "bytes", limits: { maxWaitingCallbacks: 1_000, asyncMaxBytes: 3 } },
]) {
  test(`hostile: where ${short} for callbacks run short, what most wait for loses its newest`, () => {
    const pool = new CallbackPool({ ...defaultLimits, maxCallbacks: 10, maxCallbacksPerPlace: 1, ...limits });
    const posted: string[] = [];
    const failed: string[] = [];
    const add = (name: string) =>
      pool.add({
        ...{ place: name.slice(0, 4), bytes: 1, failed: () => failed.push(name) },
        post: () => {
          posted.push(name);
          return new Promise(() => undefined);
        },
      });
    for (const name of ["slow0", "slow1", "slow2", "slow3", "slow4", "slow5"]) add(name);
    assert.deepEqual([posted, failed], [["slow0"], ["slow4", "slow5"]]);
    for (const name of ["good0", "fast0", "good1"]) add(name);
    assert.deepEqual(posted, ["slow0", "good0", "fast0"]);
    assert.deepEqual(failed, ["slow4", "slow5", "slow3"]);
    add("fast1");
    assert.deepEqual(failed.slice(3), ["slow2"]);
  });
}

test("hostile: a callback that does not answer in time is given up, and the next has its turn", async (t) => {
  const seen: string[] = [];
  const silent = await serve(t, (request) => seen.push(String(request.headers["x-call-id"])));
  const limits = { callbackTimeoutMs: 50, maxCallbacksPerPlace: 1 };
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
  { url: "http://127.0.0.1:8080/function/f.openfaas-fn/x", allowed: true },
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
