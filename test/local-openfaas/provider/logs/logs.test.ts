/** Lines, the ring of the last ones, those who follow, and the file. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { FunctionLog } from "#services/local-openfaas/provider/logs/function-log.ts";
import { LineSplitter, MAX_LINE_LENGTH } from "#services/local-openfaas/provider/logs/line-splitter.ts";
import { LogFile } from "#services/local-openfaas/provider/logs/log-file.ts";
import type { LogLine } from "#services/local-openfaas/provider/types.ts";
import {
  allLines,
  never,
  startProvider,
  temporaryFolder,
  whenAvailable,
} from "#test/support/local-openfaas/provider.ts";

for (const { name, chunks, want } of [
  { name: "lines across chunks", chunks: ["a", "b\nc", "\n"], want: ["ab", "c"] },
  { name: "the last without a break", chunks: ["a\nb"], want: ["a", "b"] },
  { name: "carriage returns and empty lines", chunks: ["a\r\n\nb\n"], want: ["a", "", "b"] },
  {
    name: "a long line in pieces",
    chunks: ["x".repeat(MAX_LINE_LENGTH + 2) + "\n"],
    want: ["x".repeat(MAX_LINE_LENGTH), "xx"],
  },
]) {
  test(`line splitter: ${name}`, () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const chunk of chunks) splitter.write(Buffer.from(chunk));
    splitter.end();
    assert.deepEqual(lines, want);
  });
}

test("line splitter: a character cut in two is whole again", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const byte of Buffer.from("世\n")) splitter.write(Buffer.from([byte]));
  assert.deepEqual(lines, ["世"]);
});

test("line splitter: output without a line break does not grow without end", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (let i = 0; i < 100; i++) splitter.write(Buffer.alloc(1_024, "x"));
  assert.equal(lines.length, Math.floor((100 * 1_024 - 1) / MAX_LINE_LENGTH));
});

async function aLog(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "replicant-test-"));
  const path = join(folder, "logs", "app.ndjson");
  let nowMs = Date.parse("2026-01-01T00:00:00Z");
  const log = new FunctionLog("app", new LogFile(path, assert.ifError), () => (nowMs += 1_000));
  // What is still on its way to the file would make its folder anew while that is removed.
  t.after(async () => {
    await log.end();
    await rm(folder, { recursive: true, force: true });
  });
  const texts = async (query: object) =>
    (await allLines(log.read({ name: "app", follow: false, ...query }, never))).map(({ text }) => text);
  return { log, path, texts };
}

test("log: tail, instance and since", async (t) => {
  const { log, texts } = await aLog(t);
  for (const [instance, text] of [
    ["app-aaaaa", "one"],
    ["app-bbbbb", "two"],
    ["app-aaaaa", "three"],
  ] as const) {
    log.append(instance, text);
  }
  assert.deepEqual(await texts({}), ["one", "two", "three"]);
  assert.deepEqual(await texts({ tail: 2 }), ["two", "three"]);
  assert.deepEqual(await texts({ tail: 0 }), []);
  assert.deepEqual(await texts({ tail: -1 }), ["one", "two", "three"]);
  assert.deepEqual(await texts({ instance: "app-aaaaa", tail: 1 }), ["three"]);
  assert.deepEqual(await texts({ sinceMs: Date.parse("2026-01-01T00:00:02Z") }), ["two", "three"]);
  const [first] = await allLines(log.read({ name: "app", follow: false }, never));
  assert.deepEqual(first, {
    name: "app",
    namespace: "openfaas-fn",
    instance: "app-aaaaa",
    timestamp: "2026-01-01T00:00:01.000Z",
    text: "one",
  });
});

test("log: the ring keeps the last lines only", async (t) => {
  const { log, texts } = await aLog(t);
  for (let i = 0; i < 5_000; i++) log.append("app-aaaaa", String(i));
  const kept = await texts({});
  assert.equal(kept.length, 2_000);
  assert.equal(kept.at(-1), "4999");
});

test("log: a follower receives the past, then the future, until it turns away", async (t) => {
  const { log } = await aLog(t);
  log.append("app-aaaaa", "past");
  const stop = new AbortController();
  const heard: string[] = [];
  const reading = (async () => {
    for await (const { text } of log.read({ name: "app", follow: true }, stop.signal)) {
      heard.push(text);
      if (text === "past") log.append("app-aaaaa", "future");
      if (text === "future") stop.abort();
    }
  })();
  await reading;
  assert.deepEqual(heard, ["past", "future"]);
});

test("log: a follower ends with the function", async (t) => {
  const { log } = await aLog(t);
  const reading = allLines(log.read({ name: "app", follow: true }, never));
  log.append("app-aaaaa", "last words");
  await log.end();
  assert.deepEqual(
    (await reading).map(({ text }) => text),
    ["last words"],
  );
});

test("log: a follower that does not read loses the oldest lines and learns how many", async (t) => {
  const { log } = await aLog(t);
  const reader: AsyncIterator<LogLine> = log.read({ name: "app", follow: true }, never);
  const first = reader.next();
  log.append("app-aaaaa", "0");
  const begun = await first;
  assert.equal(begun.done ? undefined : begun.value.text, "0");
  for (let i = 1; i <= 20_001; i++) log.append("app-aaaaa", String(i));
  await log.end();
  const texts: string[] = [];
  for (let read = await reader.next(); !read.done; read = await reader.next()) texts.push(read.value.text);
  assert.equal(texts[0], "replicant: 10001 lines were left out: this reader is slower than the log");
  assert.equal(texts.length, 10_001);
  assert.equal(texts.at(-1), "20001");
});

test("log file: one JSON object a line, and one older file", async (t) => {
  const path = join(await temporaryFolder(t), "logs", "app.ndjson");
  const file = new LogFile(path, assert.ifError, { maxBytes: 30 });
  for (const text of ["first line of the log", "second line of the log", "third"]) {
    file.append(text);
    await file.flush();
  }
  assert.equal(await readFile(`${path}.1`, "utf8"), "first line of the log\nsecond line of the log\n");
  assert.equal(await readFile(path, "utf8"), "third\n");
});

test("log file: a disk that refuses is reported, the ring goes on", async (t) => {
  const errors: unknown[] = [];
  const blocked = join(await temporaryFolder(t), "file");
  const good = new LogFile(blocked, assert.ifError);
  good.append("now it is a file");
  await good.flush();
  const bad = new LogFile(join(blocked, "app.ndjson"), (error) => errors.push(error));
  bad.append("x");
  await bad.flush();
  assert.match(String(errors[0]), /ENOTDIR|EEXIST/);
});

test("logs of a provider: stdout, stderr and the platform's own lines, also in the file", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("talk", `console.log("to stdout"); console.error("to stderr"); module.exports = async () => "x"`);
  const [replica] = await whenAvailable(setup, "talk", 1);
  const lines = await allLines(setup.provider.logs({ name: "talk", follow: false }, never));
  assert.ok(lines.every(({ instance }) => instance === replica!.id));
  const texts = lines.map(({ text }) => text);
  assert.ok(texts.includes("to stdout") && texts.includes("to stderr"));
  assert.ok(texts.some((text) => /^replicant: ready after \d+ ms on port \d+$/.test(text)));
  await setup.provider.close();
  const file = (await readFile(join(setup.home, "logs", "talk.ndjson"), "utf8")).trimEnd().split("\n");
  const { timestamp, ...last } = JSON.parse(file.at(-1) ?? "") as LogLine;
  assert.deepEqual(last, {
    name: "talk",
    namespace: "openfaas-fn",
    instance: replica!.id,
    text: "replicant: stopped",
  });
  assert.equal(new Date(timestamp).toISOString(), timestamp);
  assert.deepEqual(await allLines(setup.provider.logs({ name: "nobody", follow: true }, never)), []);
});

test("logs of a provider: what is asked for and not enforced is said", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("app", `module.exports = async () => "x"`, {
    readOnlyRootFilesystem: true,
    constraints: ["zone=a"],
  });
  assert.deepEqual((await setup.log("app")).slice(0, 2), [
    "replicant: readOnlyRootFilesystem is not enforced: replicas share this machine's files",
    "replicant: constraints are not looked at: there is one machine (zone=a)",
  ]);
});
