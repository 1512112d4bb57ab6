/** What a client may send the gateway that is out of proportion: depth, headers, readers, changes at the same time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FunctionLog } from "#services/local-openfaas/provider/logs/function-log.ts";
import type { LogFile } from "#services/local-openfaas/provider/logs/log-file.ts";
import { eventually } from "#test/support/eventually.ts";
import { authorization, startTestGateway } from "#test/support/gateway.ts";
import { rawConnection } from "#test/support/raw-http.ts";
import { recordEachTest } from "#test/support/faults/figures.ts";

recordEachTest(import.meta.filename);

const login = `Host: localhost\r\nAuthorization: ${authorization}\r\n`;

for (const { name, body } of [
  { name: "lists", body: "[".repeat(400_000) + "]".repeat(400_000) },
  { name: "objects", body: '{"a":'.repeat(100_000) + "1" + "}".repeat(100_000) },
  { name: "a list that is never closed", body: "[".repeat(800_000) },
  { name: "a list where a name should be", body: `{"service":${"[".repeat(300_000)}${"]".repeat(300_000)}}` },
]) {
  for (const [method, path] of [
    ["POST", "functions"],
    ["PUT", "functions"],
    ["DELETE", "functions"],
    ["POST", "secrets"],
    ["POST", "scale-function/echo"],
    ["POST", "alert"],
  ] as const) {
    test(`hostile: ${method} /system/${path} of ${name}, nested deeply, is 400 and a sentence`, async (t) => {
      const { system, logged } = await startTestGateway(t);
      const response = await system(method, path, body);
      assert.equal(response.status, 400);
      assert.equal(await response.text(), "the body must not be nested deeper than 32 levels\n");
      assert.deepEqual(logged, []);
    });
  }
}

test("hostile: brackets within texts are not nesting", async (t) => {
  const { system } = await startTestGateway(t);
  const envVars = { a: "[".repeat(1_000), b: '\\"{{'.repeat(1_000) };
  assert.equal((await system("POST", "functions", { service: "a", image: "i", envVars })).status, 202);
});

for (const { headers, status } of [
  { headers: 890, status: 200 },
  { headers: 901, status: 431 },
  { headers: 2_100, status: 431 },
]) {
  test(`hostile: ${headers} headers before Content-Length: ${status}, never a call without its body`, async (t) => {
    const gateway = await startTestGateway(t, {
      handlers: { echo: (request, response) => void request.pipe(response) },
    });
    await gateway.deploy("echo");
    const raw = await rawConnection(gateway.url);
    const many = Array.from({ length: headers - 2 }, (_, i) => `${i % 10}:\r\n`).join("");
    raw.socket.write(`POST /function/echo HTTP/1.1\r\nHost: localhost\r\n${many}Content-Length: 4\r\n\r\nbody`);
    const text = await raw.until(/\r\n\r\n(?:body|a request|[0-9a-f]+\r\n)/);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal(text.includes("body"), status === 200, text);
    raw.socket.destroy();
  });
}

test("hostile: a client's Connection header takes away its own headers, and none of the gateway's", async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: { mirror: (request, response) => response.end(JSON.stringify(request.headers)) },
  });
  await gateway.deploy("mirror");
  const named = "X-Call-Id, X-Start-Time, X-Forwarded-For, X-Forwarded-Host, Host, Content-Length, X-Mine";
  for (const lines of [[named], [...named.split(", "), "close"]]) {
    const raw = await rawConnection(gateway.url);
    const connection = lines.map((line) => `Connection: ${line}\r\n`).join("");
    const mine = "X-Mine: 1\r\nX-Yours: 2\r\nX-Call-Id: given\r\nContent-Length: 2\r\n";
    raw.socket.write(`POST /function/mirror HTTP/1.1\r\nHost: localhost\r\n${connection}${mine}\r\nhi`);
    const text = await raw.until(/\{.*\}/s);
    const seen = JSON.parse(/\{.*\}/s.exec(text)![0]) as Record<string, string>;
    assert.equal(seen["x-call-id"], "given");
    assert.match(seen["x-start-time"] ?? "", /^\d{19}$/);
    assert.equal(seen["x-forwarded-for"], "127.0.0.1");
    assert.equal(seen["x-forwarded-host"], "localhost");
    assert.equal(seen["content-length"], "2");
    assert.deepEqual([seen["x-mine"], seen["x-yours"]], [undefined, "2"]);
    raw.socket.destroy();
  }
});

test("hostile: a function's Connection header takes away none of the gateway's either", async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: {
      rude: (_, response) => {
        response.setHeader("Connection", "X-Call-Id, X-Start-Time, X-Served-By, X-Duration-Seconds, X-Own");
        response.setHeader("X-Own", "1");
        response.end();
      },
    },
  });
  await gateway.deploy("rude");
  const { headers } = await fetch(`${gateway.url}/function/rude`);
  for (const name of ["x-call-id", "x-start-time", "x-served-by", "x-duration-seconds"])
    assert.ok(headers.get(name), name);
  assert.equal(headers.get("x-own"), null);
});

test("hostile: readers of logs are bounded, say so, and give their place back", async (t) => {
  const gateway = await startTestGateway(t);
  await gateway.deploy("talk");
  const readers = await Promise.all(Array.from({ length: 70 }, () => rawConnection(gateway.url)));
  for (const { socket } of readers) socket.write(`GET /system/logs?name=talk&follow=1 HTTP/1.1\r\n${login}\r\n`);
  const answers = await Promise.all(readers.map((reader) => reader.until(/\r\n\r\n/)));
  const refused = answers.filter((text) => text.startsWith("HTTP/1.1 429 "));
  assert.equal(refused.length, 6);
  assert.match(refused[0]!, /Retry-After: 5\r\n/);
  assert.equal(gateway.provider.followers, 64);
  for (const { socket } of readers) socket.destroy();
  await eventually(() => gateway.provider.followers === 0, { what: "the end of the readers" });
  assert.equal((await gateway.system("GET", "logs?name=talk")).status, 200);
});

test("hostile: a reader of logs that reads nothing is cut off", async (t) => {
  const gateway = await startTestGateway(t, { limits: { logStallMs: 50 } });
  await gateway.deploy("talk");
  const reader = await rawConnection(gateway.url);
  reader.socket.pause();
  reader.socket.write(`GET /system/logs?name=talk&follow=1 HTTP/1.1\r\n${login}\r\n`);
  await eventually(() => gateway.provider.followers === 1, { what: "the reader" });
  const line = { name: "talk", namespace: "openfaas-fn", instance: "talk-1", timestamp: "", text: "x".repeat(16_000) };
  for (let i = 0; i < 2_000; i++) gateway.provider.lines.push(line);
  await eventually(() => gateway.provider.followers === 0, { what: "its end" });
  reader.socket.destroy();
});

test("hostile: three hundred readers that stand still keep what one keeps", async () => {
  const file = { append: () => undefined, flush: async () => undefined } as unknown as LogFile;
  const log = new FunctionLog("talk", file, () => 0);
  const stop = new AbortController();
  const readers = Array.from({ length: 300 }, () => log.read({ name: "talk", follow: true }, stop.signal));
  const begun = readers.map((reader) => reader.next());
  for (let i = 0; i < 12_000; i++) log.append("talk-1", "x".repeat(4_000));
  await Promise.all(begun);
  await log.end();
  const kept = new Set<object>();
  for (const reader of readers) {
    for (let read = await reader.next(); !read.done; read = await reader.next()) {
      if (!read.value.text.startsWith("replicant:")) kept.add(read.value);
    }
  }
  assert.ok(kept.size > 500, `${kept.size} lines`);
  assert.ok(kept.size * 4_000 <= 8 * 1024 * 1024, `${kept.size} lines of 4000 letters are kept`);
});

test("hostile: of ten deployments of one name at the same time one is taken and nine are 409", async (t) => {
  const { system, provider } = await startTestGateway(t, { deployTurns: 200 });
  const deploy = () => system("POST", "functions", { service: "echo", image: "example/echo:1" });
  const statuses = (await Promise.all(Array.from({ length: 10 }, deploy))).map(({ status }) => status);
  assert.deepEqual(statuses.sort(), [202, ...Array<number>(9).fill(409)]);
  assert.deepEqual(provider.calls, ["deploy echo"]);
});

test("hostile: deployments under way count against the fifteen of the ce profile", async (t) => {
  const { system, provider } = await startTestGateway(t, { profile: "ce", deployTurns: 200 });
  const deploy = (i: number) => system("POST", "functions", { service: `f${i}`, image: "example/echo:1" });
  const statuses = (await Promise.all(Array.from({ length: 40 }, (_, i) => deploy(i)))).map(({ status }) => status);
  assert.deepEqual(
    [statuses.filter((status) => status === 202).length, statuses.filter((status) => status === 400).length],
    [15, 25],
  );
  assert.equal(provider.list().length, 15);
});

test("hostile: a pile of changes of one name is bounded", async (t) => {
  const { system, deploy } = await startTestGateway(t);
  await deploy("echo");
  const update = () => system("PUT", "functions", { service: "echo", image: "example/echo:2" });
  const statuses = (await Promise.all(Array.from({ length: 50 }, update))).map(({ status }) => status);
  assert.ok(
    statuses.every((status) => status === 202 || status === 429),
    String(statuses),
  );
  assert.equal((await update()).status, 202);
});
