/** The community edition's limits are read from what the platform makes of a request: five replicas at most, and no zero. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#test/support/eventually.ts";
import { decisionsAfterNow, startTestStack } from "#test/support/local-stack.ts";

test("on the `ce` profile the loop requests more, gets five, and from then on decides within five", async (t) => {
  const world = await startTestStack({ profile: "ce", policy: "fixed:9" });
  t.after(() => world.close());
  const { heard, stack } = world;
  const ranges: unknown[] = [];
  await world.bus.subscribe("window", async ({ data }) => void ranges.push(data.managed.platform));
  const replicas = async () => (await stack.gateway.list()).find(({ name }) => name === "stress")!.replicas;
  await eventually(async () => (await replicas()) === 5, { timeoutMs: 60_000, what: "five replicas" });
  const beyond = () => heard.applied.filter(({ desired, applied }) => applied === 5 && desired !== null && desired > 5);
  const clamped = (await eventually(() => beyond()[1], { what: "the second decision that met the cap" }))!;
  assert.equal(clamped.stages.at(-1)!.note, "the platform made it 5");
  const later = await decisionsAfterNow(world, 2);
  for (const { desired, proposed, reason, atMs } of later.filter((one) => one.atMs > clamped.atMs)) {
    assert.equal(proposed, 9);
    assert.equal(desired, 5, `${atMs}: ${reason}`);
    assert.match(reason, /the platform's cap of 5/);
  }
  assert.equal(beyond().length, 2, "believed after two requests, and not asked against again");
  assert.equal(await replicas(), 5);
  assert.deepEqual(ranges.at(-1), { minReplicas: null, maxReplicas: 5 }, "every policy is told the range from now on");
});
