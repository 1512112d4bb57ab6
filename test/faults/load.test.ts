/**
 * Load: error-free below saturation; above it the gateway itself refuses, with a time to come again, and everything is as
 * before when the load has gone. `REPLICANT_LOAD=100,2000,600` runs 100 functions at 2000 calls a second for ten minutes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#test/support/eventually.ts";
import { startTestGateway } from "#test/support/gateway.ts";
import { rawConnection } from "#test/support/raw-http.ts";
import { record } from "#test/support/faults/figures.ts";
import { loadLines, loadRun, type LoadRun } from "#test/support/faults/load-run.ts";

const limits = { maxCalls: 20, maxCallsPerFunction: 12 };

/** A gateway of 20 places, 12 for one function, whose functions answer when they may. */
async function smallGateway(t: Parameters<typeof startTestGateway>[0], held = false) {
  const waiting: (() => void)[] = [];
  const handler = (_: unknown, response: { end: () => void }) => void waiting.push(() => response.end());
  const gateway = await startTestGateway(t, { limits, held, handlers: { a: handler, b: handler } });
  await gateway.deploy("a");
  await gateway.deploy("b");
  const call = (name: string) => fetch(`${gateway.url}/function/${name}`);
  const calls = (name: string, count: number) => Array.from({ length: count }, () => call(name));
  return { gateway, waiting, call, calls };
}

async function statuses(calls: readonly Promise<Response>[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(calls)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test("load: one function has its share of the places and no more; what is above is 429, counted, with a time", async (t) => {
  const { gateway, waiting, call, calls } = await smallGateway(t);
  const inside = calls("a", 12);
  await eventually(() => waiting.length === 12, { what: "twelve calls" });
  const refused = await call("a");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal(await refused.text(), "12 calls of 'a' are in flight, which is all that one function may have\n");
  assert.deepEqual(await statuses(calls("a", 30)), { 429: 30 });
  const other = calls("b", 8);
  await eventually(() => waiting.length === 20, { what: "eight calls of the other function" });
  assert.deepEqual(await statuses(calls("b", 30)), { 503: 30 });
  for (const end of waiting.splice(0)) end();
  assert.deepEqual([await statuses(inside), await statuses(other)], [{ 200: 12 }, { 200: 8 }]);
  const label = 'function_name="a.openfaas-fn"';
  assert.equal(await gateway.metric(`gateway_function_invocation_total{${label},code="429"}`), 31);
  assert.equal(await gateway.metric(`gateway_function_invocation_inflight{${label}}`), 0);
  const again = [...calls("a", 12), ...calls("b", 8)];
  await eventually(() => waiting.length === 20, { what: "twenty calls, at once after the load" });
  for (const end of waiting) end();
  assert.deepEqual(await statuses(again), { 200: 20 });
  record(import.meta.filename, { tried: 2, held: 2 });
});

test("load: calls that wait for a replica have places too, and give them back when their callers leave", async (t) => {
  const { gateway, waiting, calls } = await smallGateway(t, true);
  const callers = await Promise.all(Array.from({ length: 13 }, () => rawConnection(gateway.url)));
  for (const { socket } of callers) socket.write("GET /function/a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const refused = () => callers.filter((caller) => caller.text().startsWith("HTTP/1.1 429 ")).length;
  await eventually(() => refused() === 1, { what: "no room for the thirteenth" });
  assert.equal(gateway.provider.waiting, 12);
  for (const { socket } of callers) socket.destroy();
  await eventually(() => gateway.provider.waiting === 0, { what: "the end of waiting" });
  gateway.provider.release();
  const answered = calls("a", 12);
  await eventually(() => waiting.length === 12, { what: "twelve calls in the places of those that left" });
  for (const end of waiting) end();
  assert.deepEqual(await statuses(answered), { 200: 12 });
  record(import.meta.filename, { tried: 1, held: 1 });
});

test("load: many functions as processes, below saturation, above it, and after", { timeout: 7_200_000 }, async (t) => {
  const asked = (process.env["REPLICANT_LOAD"] ?? "").split(",").map(Number);
  const [functions = 4, callsPerSecond = 100, seconds = 2] = asked.length === 3 ? asked : [];
  const run: LoadRun = { functions, callsPerSecond, seconds, maxCalls: asked.length === 3 ? 2_000 : 40 };
  const figures = await loadRun(run);
  for (const line of loadLines(run, figures)) t.diagnostic(line);
  const { below, above, after, heldBefore, heldAbove, heldAfter } = figures;
  assert.deepEqual([below.byStatus, below.broken], [{ 200: below.sent }, 0], "error-free below saturation");
  assert.equal(above.broken, 0, "every call above saturation has an answer");
  const refused = above.sent - (above.byStatus["200"] ?? 0);
  assert.deepEqual(
    Object.keys(above.byStatus).filter((status) => !["200", "429", "503"].includes(status)),
    [],
  );
  assert.ok(refused > 0, "the load was above saturation");
  assert.equal(above.withRetryAfter, refused, "each refusal says when to come again");
  assert.ok((above.byStatus["200"] ?? 0) >= run.maxCalls, "the places there are were used");
  assert.ok(figures.recoverySeconds < 5, `recovered within 5 s, was ${figures.recoverySeconds}`);
  assert.deepEqual([after.byStatus, after.broken], [{ 200: after.sent }, 0], "error-free again");
  // Three times as many callers as places, a connection to a replica for each place; and what the process has anyway.
  assert.ok(heldAbove.handles <= heldBefore.handles + run.maxCalls * 5 + 50, JSON.stringify(heldAbove));
  assert.ok(heldAfter.handles <= heldBefore.handles + run.maxCalls * 5 + 50, JSON.stringify(heldAfter));
  assert.ok(heldAfter.memoryMaps <= heldBefore.memoryMaps + 200, JSON.stringify([heldBefore, heldAfter]));
  record(import.meta.filename, {
    ...{ tried: 2, held: 2, recoverySeconds: figures.recoverySeconds },
    loadPerSecond: Math.floor(figures.answeredPerSecond),
  });
});
