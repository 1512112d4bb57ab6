/** The gate that lets a few replicas start at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { StartGate } from "#services/local-openfaas/provider/start-gate.ts";

test("start gate: so many inside, the others in their order, leaving twice is leaving once", async () => {
  const gate = new StartGate(2);
  const entered: string[] = [];
  const enter = (name: string) => gate.enter().then((leave) => (entered.push(name), leave));
  const [a, b, c, d] = [enter("a"), enter("b"), enter("c"), enter("d")];
  await Promise.all([a, b]);
  assert.deepEqual(entered, ["a", "b"]);
  (await a)();
  (await a)();
  await c;
  assert.deepEqual(entered, ["a", "b", "c"]);
  (await b)();
  await d;
  assert.deepEqual(entered, ["a", "b", "c", "d"]);
});
