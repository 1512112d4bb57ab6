/** The stress function under the handler contract: burns what it was asked to, shares the CPU, refuses the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { burnCpu } from "#functions/stress/burn.ts";
import handler from "#functions/stress/handler.ts";
import type { FunctionContext } from "#shared/host/handler.ts";

async function call(body: unknown, query: Record<string, unknown> = {}) {
  const answer = { status: 0, headers: {} as Readonly<Record<string, string>> };
  const context: FunctionContext = {
    status: (code) => ((answer.status = code), context),
    headers: (values) => ((answer.headers = values), context),
  };
  const text = (await handler({ body, headers: {}, method: "POST", query, path: "/" }, context)) as string;
  return { ...answer, text, json: JSON.parse(text) as Record<string, number> & { error?: string } };
}

test("burns the CPU time it was asked for, measured by the process", async () => {
  const before = process.cpuUsage();
  const { status, json } = await call({ cpuMs: 50 });
  const { user, system } = process.cpuUsage(before);
  assert.equal(status, 200);
  assert.ok(json["cpuMs"]! >= 50, `${json["cpuMs"]}`);
  // Up to a millisecond that was used before the call is charged to it.
  assert.ok((user + system) / 1_000 >= 49);
  assert.equal(json["pid"], process.pid);
});

test("a short call that comes later ends before a long one: they share the CPU", async () => {
  const ended: string[] = [];
  const long = call('{"cpuMs": 400}').then(() => ended.push("long"));
  const short = call('{"cpuMs": 2}').then(() => ended.push("short"));
  await Promise.all([long, short]);
  assert.deepEqual(ended, ["short", "long"]);
});

test("what the event loop does beside it is part of a call's CPU time, up to as much again", async () => {
  let isOver = false;
  const beside = () => {
    const before = process.cpuUsage();
    for (let used = 0; used < 500;) {
      const { user, system } = process.cpuUsage(before);
      used = user + system;
    }
    if (!isOver) setImmediate(beside);
  };
  const before = process.cpuUsage();
  beside();
  await burnCpu(60);
  isOver = true;
  const { user, system } = process.cpuUsage(before);
  // Beside chunks of 1 ms, half as much again: charged on top it would be 90.
  assert.ok((user + system) / 1_000 < 75, `${(user + system) / 1_000}`);
});

test("sleeping costs wall time and no CPU", async () => {
  const { json } = await call(Buffer.from('{"cpuMs":0,"sleepMs":30}'));
  assert.equal(json["cpuMs"], 0);
  assert.ok(json["wallMs"]! >= 29);
});

test("answers with the status and the size asked for, and holds memory", async () => {
  const { status, text, json, headers } = await call("", { cpuMs: "0", status: "503", bytes: "2000", allocateMb: "1" });
  assert.equal(status, 503);
  assert.equal(text.length, 2_000);
  assert.equal(json["heldBytes"], 2 ** 20);
  assert.equal(headers["Content-Type"], "application/json");
});

test("nothing asked: 10 ms of CPU; the body goes before the query", async () => {
  assert.ok((await call("")).json["cpuMs"]! >= 10);
  assert.equal((await call({ cpuMs: 0 }, { cpuMs: "5000" })).json["cpuMs"], 0);
});

for (const { name, body, query, want } of [
  { name: "too much CPU", body: { cpuMs: 60_001 }, want: "cpuMs must be a number from 0 to 60000, was '60001'" },
  { name: "negative sleep", body: { sleepMs: -1 }, want: "sleepMs must be a number from 0 to 60000, was '-1'" },
  {
    name: "too much memory",
    body: { allocateMb: 2_000 },
    want: "allocateMb must be a number from 0 to 1024, was '2000'",
  },
  {
    name: "status that is none",
    body: { status: 100 },
    want: "status must be a whole number from 200 to 599, was '100'",
  },
  { name: "half a byte", body: { bytes: 0.5 }, want: "bytes must be a whole number from 0 to 10485760, was '0.5'" },
  {
    name: "text for a number",
    body: "",
    query: { cpuMs: "ten" },
    want: "cpuMs must be a number from 0 to 60000, was 'ten'",
  },
  { name: "repeated in the query", body: "", query: { cpuMs: ["1", "2"] }, want: "cpuMs must be a number" },
  { name: "null", body: { cpuMs: null }, want: "cpuMs must be a number from 0 to 60000, was 'null'" },
  { name: "unknown field", body: { cpu: 1 }, want: "'cpu' is not known; known are cpuMs, sleepMs" },
  { name: "a list", body: "[1]", want: "the body must be a JSON object" },
  { name: "no JSON", body: "{", want: "the body must be a JSON object" },
]) {
  test(`refused with 400: ${name}`, async () => {
    const { status, json } = await call(body, query);
    assert.equal(status, 400);
    assert.ok(json.error?.startsWith(want), json.error);
  });
}
