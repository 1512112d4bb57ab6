/** The key that signs calls is changed while the loop runs, as services/README.md says: no window goes without the policy's decision. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { signCall } from "#shared/host/signature.ts";
import { record } from "#test/support/faults/figures.ts";
import { around } from "#test/support/around.ts";
import { eventually } from "#test/support/eventually.ts";
import { decisionsAfterNow, startTestStack, type TestStack } from "#test/support/local-stack.ts";

let world: TestStack;
around(
  async () => (world = await startTestStack()),
  (stack) => stack.close(),
);

async function setKeys(...keys: readonly string[]): Promise<void> {
  const { platform } = world.stack;
  const answer = await fetch(`${platform.url}/system/secrets`, {
    method: "PUT",
    headers: {
      Authorization: `Basic ${Buffer.from(`${platform.user}:${platform.password}`).toString("base64")}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ name: "replicant-key", value: keys.join("\n") }),
  });
  assert.ok(answer.ok, `${answer.status} ${await answer.text()}`);
}

/** What the load generator says to an order signed with this key: 404 for a run that there is not, 401 for a bad signature. */
async function statusFor(key: string): Promise<number> {
  const body = JSON.stringify({ stop: "no-such-run" });
  const headers = signCall(key, "load-generator", body, Date.now());
  return (await world.stack.gateway.invoke("load-generator", body, headers)).status;
}

test("a key is rotated in three steps: every window is decided by the policy, and the old key is worth nothing after", async () => {
  const before = world.stack.key;
  const next = randomBytes(32).toString("hex");
  await eventually(() => world.heard.applied.some(({ trigger }) => trigger === "proposal"), { timeoutMs: 60_000 });
  const fromMs = world.heard.applied.at(-1)!.atMs;
  assert.deepEqual([await statusFor(before), await statusFor(next)], [404, 401]);

  await setKeys(before, next);
  await decisionsAfterNow(world, 2);
  assert.deepEqual([await statusFor(before), await statusFor(next)], [404, 404]);
  await setKeys(next, before);
  await decisionsAfterNow(world, 2);
  assert.deepEqual([await statusFor(before), await statusFor(next)], [404, 404]);
  await setKeys(next);
  await decisionsAfterNow(world, 2);
  assert.deepEqual([await statusFor(before), await statusFor(next)], [401, 404]);

  const since = () => world.heard.applied.filter(({ atMs, seq }) => atMs > fromMs && seq !== null);
  await eventually(() => since().length >= 6, { timeoutMs: 60_000, what: "six decisions" });
  const decided = since();
  assert.deepEqual(
    decided.filter(({ trigger }) => trigger !== "proposal").map(({ seq, trigger }) => [seq, trigger]),
    [],
  );
  const seqs = decided.map(({ seq }) => seq!);
  assert.deepEqual(
    seqs,
    seqs.map((_, i) => seqs[0]! + i),
  );
  record(import.meta.filename, { tried: 3, held: 3, acknowledgedLost: 0 });
});
