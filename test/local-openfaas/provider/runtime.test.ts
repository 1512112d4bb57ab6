/** The runtime answers as the template on express 5 does, and ends without losing a call. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { runtimeMessage } from "#services/local-openfaas/runtime/messages.ts";
import { bundleRuntime, temporaryFolder, writeFunction } from "#test/support/local-openfaas/provider.ts";
import { serveOnExpress } from "#test/support/local-openfaas/template-reference.ts";

/** One function with many faces: the path says which. */
const FACES = `
const faces = {
  "/echo": (event) => ({ kind: Buffer.isBuffer(event.body) ? "buffer" : typeof event.body, body: Buffer.isBuffer(event.body) ? event.body.toString("latin1") : event.body, type: event.headers["content-type"] }),
  "/request": (event) => ({ method: event.method, query: event.query, path: event.path }),
  "/deep/path": (event) => event.path,
  "/text": () => "plain words",
  "/unicode": () => "Grüße, 世界",
  "/array": () => [1, { two: 2 }],
  "/number": () => 42,
  "/boolean": () => false,
  "/null": () => null,
  "/undefined": () => undefined,
  "/buffer": () => Buffer.from([0, 1, 2, 255]),
  "/bytes": () => new Uint8Array([5, 6, 7]),
  "/date": () => new Date(0),
  "/class": () => new (class Point { constructor() { this.x = 1; } })(),
  "/succeed": (_, context) => { context.status(201).headers({ "X-Made": "yes" }).succeed("made"); return "ignored"; },
  "/succeed-later": (_, context) => new Promise((resolve) => setTimeout(() => { context.succeed({ late: true }); resolve(); }, 5)),
  "/json-header": (_, context) => { context.headers({ "Content-Type": "application/json" }); return { a: 1 }; },
  "/csv-header": (_, context) => { context.headers({ "content-type": "text/csv" }); return "a,b"; },
  "/charset-header": (_, context) => { context.headers({ "content-type": "text/plain; charset=latin1" }); return "a"; },
  "/short-type": (_, context) => { context.headers({ "content-type": "json" }); return "{}"; },
  "/buffer-json": (_, context) => { context.headers({ "content-type": "application/json" }); return Buffer.from("{}"); },
  "/cookies": (_, context) => { context.headers({ "Set-Cookie": ["a=1", "b=2"], "X-Number": 7 }); return "ok"; },
  "/own-etag": (_, context) => { context.headers({ ETag: '"mine"' }); return "ok"; },
  "/created": (_, context) => { context.status(201); return { id: 1 }; },
  "/no-content": (_, context) => { context.status(204); return "gone"; },
  "/reset-content": (_, context) => { context.status(205); return "gone"; },
  "/status-read": (_, context) => String(context.status()),
  "/fail": (_, context) => { context.fail(new Error("no luck")); },
  "/fail-text": (_, context) => { context.fail("no luck"); },
  "/fail-status": (_, context) => { context.status(409).fail("conflict"); },
  "/fail-empty": (_, context) => { context.fail(); },
  "/reject": async () => { throw new Error("broken"); },
  "/reject-status": async (_, context) => { context.status(503); throw new Error("busy"); },
  "/bad-header": (_, context) => { context.status(202).headers({ "X-A": "a\\nb" }); return "x"; },
  "/function": () => () => {},
  "/circle": () => { const a = []; a.push(a); return a; },
  "/throw": () => { throw new Error("at once"); },
};
module.exports = (event, context, callback) => {
  const face = faces[event.path];
  return face ? face(event, context, callback) : Promise.resolve("no such face " + event.path);
};
process.on("message", () => {});
`;

interface Row {
  readonly name: string;
  readonly path: string;
  readonly init?: RequestInit;
  /** The template answers with an HTML page about the error there: only the status must agree. */
  readonly statusOnly?: true;
}

const post = (type: string | undefined, body: string | Uint8Array, more: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body,
  headers: { ...(type === undefined ? {} : { "Content-Type": type }), ...more },
});
const returned = [..."text unicode array number boolean null undefined buffer bytes date class".split(" ")];
const answered =
  "succeed succeed-later json-header csv-header charset-header short-type buffer-json cookies own-etag created no-content reset-content status-read".split(
    " ",
  );
const failed = "fail fail-text fail-status fail-empty reject reject-status".split(" ");

const bodies: readonly Row[] = [
  { name: "text", path: "/echo", init: post("text/plain", "hello") },
  { name: "other text", path: "/echo", init: post("text/csv; charset=utf-8", "a,b") },
  { name: "text in latin1", path: "/echo", init: post("text/plain; charset=latin1", new Uint8Array([0xe9])) },
  {
    name: "text in an unknown charset",
    path: "/echo",
    init: post("text/plain; charset=x-none", "a"),
    statusOnly: true,
  },
  { name: "bytes without a type are text", path: "/echo", init: post(undefined, new Uint8Array([104, 105])) },
  { name: "JSON object", path: "/echo", init: post("application/json", '{"a":[1,2,{"b":null}]}') },
  { name: "JSON with a charset", path: "/echo", init: post("Application/JSON; charset=UTF-8", "[1]") },
  { name: "JSON in latin1", path: "/echo", init: post("application/json; charset=latin1", "[1]"), statusOnly: true },
  { name: "empty JSON", path: "/echo", init: post("application/json", "") },
  { name: "JSON that is broken", path: "/echo", init: post("application/json", '{"a":'), statusOnly: true },
  { name: "JSON that is a number", path: "/echo", init: post("application/json", "17"), statusOnly: true },
  { name: "JSON that is blank", path: "/echo", init: post("application/json", "  "), statusOnly: true },
  {
    name: "structured CloudEvent: no parser takes it",
    path: "/echo",
    init: post("application/cloudevents+json", "{}"),
  },
  { name: "form", path: "/echo", init: post("application/x-www-form-urlencoded", "a=1&b=two+words&c=%C3%A9") },
  { name: "form with repeated names", path: "/echo", init: post("application/x-www-form-urlencoded", "a=1&a=2&b[]=3") },
  { name: "empty form", path: "/echo", init: post("application/x-www-form-urlencoded", "") },
  {
    name: "form in utf-16",
    path: "/echo",
    init: post("application/x-www-form-urlencoded; charset=utf-16", "a"),
    statusOnly: true,
  },
  {
    name: "form with 1001 fields",
    path: "/echo",
    init: post("application/x-www-form-urlencoded", "a&".repeat(1000) + "a"),
    statusOnly: true,
  },
  { name: "binary", path: "/echo", init: post("application/octet-stream", new Uint8Array([0, 255])) },
  { name: "no body", path: "/echo", init: { method: "POST" } },
  { name: "GET", path: "/echo" },
  { name: "gzip", path: "/echo", init: post("application/json", gzipSync('{"z":1}'), { "Content-Encoding": "gzip" }) },
  {
    name: "broken gzip",
    path: "/echo",
    init: post("application/json", "nope", { "Content-Encoding": "gzip" }),
    statusOnly: true,
  },
  {
    name: "unknown encoding",
    path: "/echo",
    init: post("text/plain", "nope", { "Content-Encoding": "lzma" }),
    statusOnly: true,
  },
  { name: "text at the limit", path: "/text", init: post("text/plain", "x".repeat(102_400)) },
  { name: "text over the limit", path: "/text", init: post("text/plain", "x".repeat(102_401)), statusOnly: true },
  {
    name: "JSON over the limit",
    path: "/text",
    init: post("application/json", `"${"x".repeat(200_000)}"`),
    statusOnly: true,
  },
  {
    name: "gzip that grows over the limit",
    path: "/text",
    init: post("text/plain", gzipSync("x".repeat(300_000)), { "Content-Encoding": "gzip" }),
    statusOnly: true,
  },
];

const rows: readonly Row[] = [
  ...[...returned, ...answered, ...failed].map((face) => ({ name: face, path: `/${face}` })),
  { name: "throws before a promise is there", path: "/throw", statusOnly: true },
  ...["bad-header", "function", "circle"].map((face) => ({ name: face, path: `/${face}`, statusOnly: true }) as const),
  ...bodies,
  ...["GET", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => ({
    name: method,
    path: "/request?x=1",
    init: { method },
  })),
  { name: "HEAD", path: "/text", init: { method: "HEAD" } },
  { name: "query", path: "/request?a=1&a=2&b=x%20y&c&d=" },
  { name: "nested query stays flat", path: "/request?a[b]=1" },
  { name: "path is not decoded", path: "/request%20x/y?z" },
  { name: "path below", path: "/deep/path" },
  {
    name: "caller holds the answer",
    path: "/text",
    init: { headers: { "If-None-Match": 'W/"b-wmwjeQEV1Nb9NlI/pVkwBeCEUYo", *' } },
  },
  {
    name: "caller holds anything",
    path: "/text",
    init: { headers: { "If-None-Match": "*", "Cache-Control": "max-age=1" } },
  },
  {
    name: "caller holds it but wants it anew",
    path: "/own-etag",
    init: { headers: { "If-None-Match": '"mine"', "Cache-Control": "no-cache" } },
  },
  { name: "caller holds another", path: "/own-etag", init: { headers: { "If-None-Match": '"other", W/"mine"' } } },
  { name: "a POST is never fresh", path: "/own-etag", init: post("text/plain", "", { "If-None-Match": '"mine"' }) },
];

async function startRuntime(
  t: TestContext,
  source: string,
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; port: number; folder: string; output: () => string }> {
  const folder = await temporaryFolder(t);
  const runtime = await bundleRuntime(folder);
  await writeFunction(join(folder, "function"), source);
  const child = spawn(process.execPath, [runtime, join(folder, "function", "handler.js")], {
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => (output += String(chunk)));
  const [value] = (await once(child, "message")) as [unknown];
  const message = runtimeMessage(value);
  assert.equal(message?.kind, "ready", JSON.stringify(value));
  return { child, port: message.kind === "ready" ? message.port : 0, folder, output: () => output };
}

const COMPARED = ["content-type", "content-length", "etag", "set-cookie", "x-made", "x-number"];

async function ask(port: number, row: Row): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${port}${row.path}`, row.init);
  const body = Buffer.from(await response.arrayBuffer()).toString("latin1");
  if (row.statusOnly) return { status: response.status };
  return {
    status: response.status,
    body,
    ...Object.fromEntries(COMPARED.map((name) => [name, response.headers.get(name)])),
  };
}

for (const raw of [false, true]) {
  test(`runtime answers as the template on express does${raw ? ", RAW_BODY=true" : ""}`, async (t) => {
    const runtime = await startRuntime(t, FACES, raw ? { RAW_BODY: "true" } : {});
    const load = createRequire(runtime.folder + "/");
    const reference = await serveOnExpress(load(join(runtime.folder, "function", "handler.js")) as never, raw);
    t.after(() => reference.close());
    process.removeAllListeners("message");
    for (const row of raw ? bodies : rows) {
      await t.test(row.name, async () => {
        assert.deepEqual(await ask(runtime.port, row), await ask(reference.port, row));
      });
    }
  });
}

test("runtime: health, readiness and the time a call took", async (t) => {
  const { port } = await startRuntime(t, `module.exports = async () => "hi"`);
  for (const path of ["/_/health", "/_/ready"]) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    assert.deepEqual([response.status, await response.text()], [200, "OK"]);
    assert.equal((await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST" })).status, 405);
  }
  const called = await fetch(`http://127.0.0.1:${port}/`);
  assert.match(called.headers.get("x-duration-seconds") ?? "", /^\d+\.\d{6}$/);
  assert.equal(called.headers.get("x-powered-by"), null);
});

test("runtime: size limits come from the environment", async (t) => {
  const { port } = await startRuntime(t, `module.exports = async (event) => JSON.stringify(event.body).length`, {
    MAX_JSON_SIZE: "1kb",
  });
  const send = async (length: number) =>
    (await fetch(`http://127.0.0.1:${port}/`, post("application/json", `["${"x".repeat(length)}"]`))).status;
  assert.equal(await send(1_020), 200);
  assert.equal(await send(1_021), 413);
});

test("runtime: a status that is none is answered 500, and the replica lives on", async (t) => {
  const { port } = await startRuntime(
    t,
    `module.exports = async (_, context) => { context.status("teapot"); return "x" }`,
  );
  for (let i = 0; i < 2; i++) {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(response.status, 500);
    assert.match(await response.text(), /whole number from 100 to 999, was: "teapot"/);
  }
});

test("runtime: the callback answers, and the first answer counts", async (t) => {
  const { port } = await startRuntime(
    t,
    `module.exports = async (event, context, callback) => { callback(null, { by: "callback" }); return "late" }`,
  );
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), '{"by":"callback"}');
});

test("runtime: a chunked body over the limit is refused while it is still being sent", async (t) => {
  const { port } = await startRuntime(t, `module.exports = async () => "unreached"`);
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunk = "x".repeat(65_536);
  for (let i = 0; i < 2; i++) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  const [head] = (await once(socket, "data")) as [Buffer];
  assert.match(head.toString(), /^HTTP\/1\.1 413 /);
});

test("runtime: a handler module that cannot be loaded is reported to the parent", async (t) => {
  for (const { source, error } of [
    { source: "module.exports = 7", error: /must set module.exports to a function, was: number/ },
    { source: 'throw new Error("no database")', error: /^no database$/ },
  ]) {
    const folder = await temporaryFolder(t);
    const runtime = await bundleRuntime(folder);
    await writeFunction(folder, source);
    const child = spawn(process.execPath, [runtime, join(folder, "handler.js")], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const [told, exit] = await Promise.all([once(child, "message"), once(child, "exit")]);
    const message = runtimeMessage(told[0]);
    assert.equal(message?.kind, "failed");
    assert.match(message.kind === "failed" ? message.error : "", error);
    assert.deepEqual(exit, [1, null]);
  }
});

const SLOW = `
  let release;
  module.exports = async (event) => {
    if (event.path === "/release") { release("answered"); return "ok"; }
    console.log("begun");
    return new Promise((resolve) => { release = resolve; });
  };
  process.on("SIGUSR2", () => release("answered"));
`;

test("runtime: SIGTERM lets the call in flight end and refuses new connections", async (t) => {
  const { child, port, output } = await startRuntime(t, SLOW);
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  while (!output().includes("begun")) await once(child.stdout!, "data");
  child.kill("SIGTERM");
  await refused(port);
  child.kill("SIGUSR2");
  assert.equal(await (await slow).text(), "answered");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

test("runtime: a workload's shutdown is waited for, and its last words reach the log", async (t) => {
  const { child, output } = await startRuntime(
    t,
    `setInterval(() => {}, 1000);
     globalThis[Symbol.for("replicant.shutdown")] = async () => { await new Promise((r) => setTimeout(r, 50)); console.log("saved"); };
     module.exports = async () => "status"`,
  );
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "close"), [0, null]);
  assert.match(output(), /saved\n$/);
});

test("runtime: a module with a SIGTERM listener of its own decides when it ends", async (t) => {
  const { child, output } = await startRuntime(
    t,
    `process.on("SIGTERM", () => setTimeout(() => { console.log("by myself"); process.exit(7); }, 50));
     module.exports = async () => "x"`,
  );
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "close"), [7, null]);
  assert.match(output(), /by myself/);
});

test("runtime: a module whose SIGTERM listener only cleans up ends by itself", async (t) => {
  const { child } = await startRuntime(
    t,
    `const loop = setInterval(() => {}, 1000);
     process.on("SIGTERM", () => clearInterval(loop));
     module.exports = async () => "x"`,
  );
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

test("runtime: ends when its parent is gone", async (t) => {
  const { child } = await startRuntime(t, `setInterval(() => {}, 1000); module.exports = async () => "x"`);
  child.disconnect();
  assert.deepEqual(await once(child, "exit"), [1, null]);
});

/** Resolves when nobody listens on the port any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const heard = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (!heard) return;
  }
}
