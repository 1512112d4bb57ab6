/** Metrics that cannot be had, or cannot be true: the count is held, nobody is scaled down, and the loop goes on when they are good again. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { isDecidable } from "#shared/core/window.ts";
import { record } from "#test/support/faults/figures.ts";
import { startLoop, WINDOW_SECONDS, type Loop } from "#test/support/faults/loop.ts";
import { PAGE_FAULTS, type PageFault } from "#test/support/faults/metrics-world.ts";
import { planOf } from "#test/support/faults/plan.ts";
import { assertPromises, scaleDownsOnMissing } from "#test/support/faults/promises.ts";

const SEED = "metrics-1";
/** Longer than what the guard remembers of earlier recommendations. */
const FAULT_WINDOWS = 5;
const MAX_RECOVERY_WINDOWS = 2;

/** Runs a loop of `policy` through one fault after another, with good windows between. */
async function throughFaults(loop: Loop, faults: Readonly<Record<string, PageFault>>): Promise<void> {
  await loop.pass(6 * WINDOW_SECONDS);
  for (const name of planOf(SEED, Object.keys(faults))) {
    const safe = loop.target.get("stress")!;
    const [window, decision] = [loop.windows.length, loop.applied.length];
    const { length: said } = loop.said;
    loop.world.fault = faults[name]!;
    await loop.pass(FAULT_WINDOWS * WINDOW_SECONDS);
    const during = { windows: loop.windows.slice(window), applied: loop.applied.slice(decision) };
    assert.equal(during.windows.length, FAULT_WINDOWS, `${name}: windows went on`);
    assert.deepEqual(during.windows.filter(isDecidable), [], `${name}: something was taken for measured`);
    assertPromises(during, { safe });
    assert.equal(loop.target.get("stress"), safe, `${name}: the count is held`);
    // From the second window on the rule holds where nothing is proposed.
    assert.ok(during.applied.length >= FAULT_WINDOWS - 1, `${name}: ${during.applied.length} decisions`);
    assert.ok(loop.collector.status().problems.length > 0, `${name}: the status has a sentence`);
    assert.ok(loop.said.length > said, `${name}: the log has a sentence`);

    loop.world.fault = null;
    let recovery = 0;
    do {
      await loop.pass(WINDOW_SECONDS);
      recovery++;
    } while (!isDecidable(loop.windows.at(-1)!) && recovery <= MAX_RECOVERY_WINDOWS);
    assert.ok(recovery <= MAX_RECOVERY_WINDOWS, `${name}: ${loop.windows.at(-1)!.missing.join()} still missing`);
    assert.deepEqual(loop.collector.status().problems, [], name);
    const last = loop.windows.at(-1)!;
    assert.ok(last.arrivals! <= 20 * WINDOW_SECONDS * 1.3, `${name}: ${last.arrivals} arrivals afterwards`);
    record(import.meta.filename, {
      ...{ tried: 1, held: 1, recoveryWindows: recovery, scaleDownsOnMissing: scaleDownsOnMissing(during).length },
    });
    await loop.pass(2 * WINDOW_SECONDS);
  }
}

describe("faulty metrics, scraped", () => {
  for (const policy of ["model:lstm-ppo-plus", "openfaas-pro", "kpa"]) {
    test(`${policy}: under load the count is held through every fault`, async (t) => {
      const loop = await startLoop(t, { policy });
      await throughFaults(loop, PAGE_FAULTS);
    });
  }

  test("an idle function still goes down, and to zero, while one behind a frozen page stays", async (t) => {
    const loop = await startLoop(t, { policy: "openfaas-pro", min: 0 });
    await loop.pass(4 * WINDOW_SECONDS);
    loop.world.ratePerSecond = 0;
    const busy = loop.target.get("stress")!;
    loop.world.fault = (page, world) => world.frozen(page);
    await loop.pass(40 * WINDOW_SECONDS);
    assert.equal(loop.target.get("stress"), busy);
    loop.world.fault = null;
    await loop.pass(40 * WINDOW_SECONDS);
    assert.equal(loop.target.get("stress"), 0);
  });

  test("after a restart of the gateway what vanished is missing, then new", async (t) => {
    const loop = await startLoop(t, { policy: "openfaas-pro" });
    await loop.pass(4 * WINDOW_SECONDS);
    loop.world.ratePerSecond = 0;
    await loop.pass(WINDOW_SECONDS);
    const before = loop.windows.length;
    loop.world.restartGateway();
    await loop.pass(3 * WINDOW_SECONDS);
    assert.deepEqual(
      loop.windows.slice(before).map(({ arrivals }) => arrivals),
      [null, 0, 0],
    );
  });
});
