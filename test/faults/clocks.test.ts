/** Clocks that are wrong, set, or apart: windows are numbered on, decisions go on within one window, and the status says what is wrong. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { record } from "#test/support/faults/figures.ts";
import { PARTS, startLoop, WINDOW_SECONDS, type Loop, type Part } from "#test/support/faults/loop.ts";
import { assertPromises } from "#test/support/faults/promises.ts";

/** The first window may begin before anybody looked, and the first proposal waits for its model. */
const warmUp = (loop: Loop): Promise<void> => loop.pass(2 * WINDOW_SECONDS);

/** Lets windows pass, and asserts that each of them was decided on, in time, by the model. */
async function decides(loop: Loop, windows: number, what: string): Promise<void> {
  const [window, decision] = [loop.windows.length, loop.applied.length];
  await loop.pass(windows * WINDOW_SECONDS);
  const seen = loop.windows.slice(window);
  assert.equal(seen.length, windows, `${what}: windows`);
  const decided = loop.applied.slice(decision).filter(({ seq }) => seq !== null);
  assert.deepEqual(
    decided.map(({ seq, trigger }) => [seq, trigger]),
    seen.map(({ seq }) => [seq, "proposal"]),
    `${what}: decisions`,
  );
  const numbers = loop.windows.map(({ generation, seq }) => `${generation} ${seq}`);
  assert.equal(new Set(numbers).size, numbers.length, `${what}: a number was used twice`);
  assertPromises({ windows: seen, applied: decided });
}

const problemsOf = (loop: Loop): string =>
  [
    ...loop.collector.status().problems,
    ...loop.scaler.status().collector.problems,
    ...loop.connector.status().collector.problems,
  ].join("; ");

const held = (faults: number) =>
  record(import.meta.filename, { tried: faults, held: faults, recoveryWindows: 1, scaleDownsOnMissing: 0 });

describe("clocks", () => {
  for (const timeLapse of [1, 10]) {
    for (const { name, setMs, says } of [
      { name: "set back by a minute", setMs: [-60_000], says: /set back by 60 s/ },
      { name: "set two minutes forward and back", setMs: [120_000, 0], says: /set forward by 120 s/ },
      { name: "set back by a day and on by two", setMs: [-86_400_000, 86_400_000], says: /set back by 86400 s/ },
    ]) {
      test(`all clocks ${name}, at time-lapse ${timeLapse}: every window is decided on`, async (t) => {
        const loop = await startLoop(t, { timeLapse });
        await warmUp(loop);
        await decides(loop, 4, "before");
        let told = "";
        for (const ms of setMs) {
          for (const part of PARTS) loop.skews[part] = ms;
          await decides(loop, 4, `${ms} ms`);
          told ||= problemsOf(loop);
        }
        assert.match(told, says);
        assert.equal(loop.scaler.status().tooLate + loop.connector.status().tooLate, 0);
        held(setMs.length);
      });
    }

    for (const part of PARTS) {
      for (const skewMs of [-5_000, 5_000, -3_600_000, 3_600_000]) {
        test(`the ${part} is ${skewMs / 1_000} s off, at time-lapse ${timeLapse}: nothing is too late`, async (t) => {
          const loop = await startLoop(t, { timeLapse, skewMs: { [part]: skewMs } as Partial<Record<Part, number>> });
          await warmUp(loop);
          await decides(loop, 4, "skewed");
          loop.skews[part] = 0;
          await decides(loop, 2, "put right");
          loop.skews[part] = skewMs;
          await decides(loop, 2, "put wrong again");
          // What the proposer's clock shows matters to nobody.
          if (part !== "inference") assert.match(problemsOf(loop), /wall clock/);
          assert.equal(loop.scaler.status().tooLate + loop.connector.status().tooLate, 0);
          held(3);
        });
      }
    }
  }

  for (const setMs of [-60_000, -7_200_000, 7_200_000]) {
    test(`a collector that restarts after its clock was set by ${setMs / 1_000} s is followed, and nobody is scaled down by it`, async (t) => {
      const loop = await startLoop(t);
      await warmUp(loop);
      await decides(loop, 4, "before");
      for (const part of PARTS) loop.skews[part] = setMs;
      const before = loop.target.get("stress")!;
      await loop.restartCollector();
      const decision = loop.applied.length;
      await loop.pass(2 * WINDOW_SECONDS);
      const after = loop.applied.slice(decision);
      assert.ok(after.filter(({ seq, generation }) => seq !== null && generation === "g2").length >= 1);
      assert.ok(
        after.every(({ desired }) => desired! >= before),
        "scaled down just after a restart",
      );
      await decides(loop, 4, "after");
      assert.equal(loop.scaler.status().collector.generation, "g2");
      held(1);
    });
  }
});
