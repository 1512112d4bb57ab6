import assert from "node:assert/strict";
import { test } from "node:test";

import { memoryBus } from "#test/support/memory-bus.ts";
import { systemClock as clock } from "#shared/adapters/system-clock.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { makeEvent } from "#shared/events/codec.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { openWindows } from "#shared/live/episodes/windows.ts";

for (const { name, platform, refused } of [
  {
    name: "gives at most 5 replicas, the function is to have more",
    platform: { minReplicas: 1, maxReplicas: 5 },
    refused: true,
  },
  { name: "gives the whole range", platform: { minReplicas: null, maxReplicas: 24 }, refused: false },
  { name: "has not said what it gives", platform: null, refused: false },
]) {
  test(`train --env live: on a platform that ${name}: ${refused ? "refused with a sentence" : "learned on"}`, async (t) => {
    const bus = memoryBus();
    t.after(() => bus.close());
    const managed = aManaged({ minReplicas: 1, maxReplicas: 24, ...(platform && { platform }) });
    const window = aWindow({ functionName: managed.functionName });
    const windows = await openWindows({
      ...{ bus, clock, functionName: managed.functionName, timeLapse: 60, signal: t.signal },
      policy: { name: "lstm-ppo-plus@product", version: "learning" },
    });
    t.after(() => windows.close());
    const told = { source: "metrics-collector", subject: managed.functionName, key: 1, nowMs: clock.nowMs() };
    await bus.publish(makeEvent("window", { ...told, data: { managed, window, history: [] } }));
    if (!refused) return assert.equal((await windows.first()).seq, window.seq);
    await assert.rejects(windows.first(), (thrown) => {
      assert.ok(thrown instanceof BadInputError);
      assert.match(thrown.message, /is to have 1 to 24 replicas, but the platform gives at least 1 and at most 5/);
      return true;
    });
  });
}
