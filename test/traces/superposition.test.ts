/** Loads out of parts of traces: every arrival where it belongs, and none of them invented. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { superpose, type Part } from "#shared/traces/superposition.ts";
import {
  type BinnedTrace,
  type InstantTrace,
  type Trace,
  traceInvocations,
  traceSeconds,
} from "#shared/traces/trace.ts";

const bins = (binSeconds: number, counts: readonly number[]): BinnedTrace => ({
  kind: "binned",
  format: "counts-binned",
  name: "bins",
  binSeconds,
  counts,
});
const instants = (arrivalSeconds: readonly number[], durationSeconds: number, work?: number[]): InstantTrace => ({
  kind: "instants",
  format: "llm",
  name: "instants",
  arrivalSeconds,
  durationSeconds,
  ...(work ? { work } : {}),
});
const whole = (trace: Trace): Part => ({
  trace,
  fromSeconds: 0,
  seconds: traceSeconds(trace),
  atSeconds: 0,
  factor: 1,
});
const made = (parts: readonly Part[], durationSeconds: number, seed: number | string = 1) =>
  superpose(parts, {
    name: "made",
    durationSeconds,
    spread: { deviation: 0.5, correlationSeconds: 8 },
    random: seededRandom(seed),
  });
/** Counts of bins of `seconds`. */
function per(seconds: number, trace: Trace): number[] {
  const counts = new Array<number>(Math.ceil(traceSeconds(trace) / seconds)).fill(0);
  if (trace.kind === "instants") for (const at of trace.arrivalSeconds) counts[Math.floor(at / seconds)]!++;
  else trace.counts.forEach((count, bin) => (counts[Math.floor((bin * trace.binSeconds) / seconds)]! += count));
  return counts;
}

describe("superposition", () => {
  test("bins of different widths add up, bin by bin", () => {
    const load = made(
      [whole(bins(60, [10, 0, 7])), whole(bins(30, [1, 2, 3, 4, 5, 6])), whole(bins(2, Array<number>(90).fill(1)))],
      180,
    );
    assert.equal(load.kind, "binned");
    assert.equal(load.kind === "binned" && load.binSeconds, 1);
    assert.deepEqual(per(60, load), [10 + 3 + 30, 7 + 30, 7 + 11 + 30]);
    assert.equal(load.name, "made");
  });

  test("instants stay where they are and keep their work; what is known by its bin joins them with work 1", () => {
    const load = made([whole(instants([0.25, 31.5, 59], 60, [2, 0.5, 0.5])), whole(bins(30, [4, 0]))], 60);
    assert.ok(load.kind === "instants");
    assert.equal(load.arrivalSeconds.length, 7);
    assert.ok(load.arrivalSeconds.every((at, i) => at >= (load.arrivalSeconds[i - 1] ?? 0) && at < 60));
    const work = new Map(load.arrivalSeconds.map((at, i) => [at, load.work![i]]));
    assert.deepEqual([work.get(0.25), work.get(31.5), work.get(59)], [2, 0.5, 0.5]);
    assert.equal([...work.values()].filter((one) => one === 1).length, 4);
    assert.equal(load.arrivalSeconds.filter((at) => at < 30).length, 5);
  });

  test("a part begins where it is told, in its trace and in the load", () => {
    const trace = bins(60, [1, 2, 3, 4]);
    const load = made([{ trace, fromSeconds: 60, seconds: 120, atSeconds: 240, factor: 1 }], 400);
    assert.deepEqual(per(60, load), [0, 0, 0, 0, 2, 3, 0]);
    const shifted = made(
      [{ trace: instants([10, 70], 80), fromSeconds: 60, seconds: 20, atSeconds: 5, factor: 1 }],
      30,
    );
    assert.deepEqual(shifted.kind === "instants" && shifted.arrivalSeconds, [15]);
  });

  test("after the trace's end comes its beginning: a day after a day", () => {
    const counts = [1, 2, 3, 4];
    const load = made([{ trace: bins(60, counts), fromSeconds: 180, seconds: 240, atSeconds: 0, factor: 1 }], 240);
    assert.deepEqual(per(60, load), [4, 1, 2, 3]);
    const wrapped = made(
      [{ trace: instants([10, 70], 80), fromSeconds: 60, seconds: 80, atSeconds: 0, factor: 1 }],
      80,
    );
    assert.deepEqual(wrapped.kind === "instants" && wrapped.arrivalSeconds, [10, 30]);
  });

  test("half a bin at either end counts for what lies inside", () => {
    const trace = bins(60, [600, 600, 600]);
    const load = made([{ trace, fromSeconds: 30, seconds: 120, atSeconds: 0, factor: 1 }], 120);
    const total = traceInvocations(load);
    assert.ok(total > 1000 && total < 1400, `${total}`);
    // The bin in the middle is whole, from the load's second 30 on.
    assert.equal(load.kind === "binned" && load.counts.slice(30, 90).reduce((a, b) => a + b), 600);
  });

  test("so many for each: exactly, in every bin; instants keep their first where it was", () => {
    const counts = Array.from({ length: 50 }, (_, i) => i);
    assert.deepEqual(
      per(60, made([{ ...whole(bins(60, counts)), factor: 3 }], 3000)),
      counts.map((count) => 3 * count),
    );
    const recorded = [5, 100, 200, 290];
    const tripled = made([{ ...whole(instants(recorded, 300)), factor: 3 }], 300);
    assert.ok(tripled.kind === "instants" && tripled.arrivalSeconds.length === 12);
    assert.ok(recorded.every((at) => tripled.arrivalSeconds.includes(at)));
  });

  for (const share of [0.1, 0.5, 0.9]) {
    test(`thinned to ${share}: no bin grows, and the rest is that share, binomially`, () => {
      const counts = Array.from({ length: 400 }, (_, i) => 50 + (i % 7));
      const kept = per(60, made([{ ...whole(bins(60, counts)), factor: share }], 24_000));
      assert.ok(kept.every((count, i) => count <= counts[i]!));
      const all = counts.reduce((a, b) => a + b);
      const left = kept.reduce((a, b) => a + b);
      assert.ok(Math.abs(left - share * all) < 4 * Math.sqrt(all * share * (1 - share)), `${left} of ${all}`);
      const variance = kept.reduce((sum, count, i) => sum + (count - share * counts[i]!) ** 2, 0) / kept.length;
      const wanted = 53 * share * (1 - share);
      assert.ok(variance > 0.75 * wanted && variance < 1.25 * wanted, `${variance}, wanted ${wanted}`);
      const thin = made(
        [
          {
            ...whole(
              instants(
                Array.from({ length: 4000 }, (_, i) => i),
                4000,
              ),
            ),
            factor: share,
          },
        ],
        4000,
      );
      assert.ok(Math.abs(traceInvocations(thin) - 4000 * share) < 4 * Math.sqrt(4000 * share * (1 - share)));
      assert.ok(thin.kind === "instants" && thin.arrivalSeconds.every(Number.isInteger));
    });
  }

  test("a part's chance is its own: another part beside it moves nothing of it", () => {
    const first = { ...whole(bins(60, [9, 9, 9])), factor: 0.5 };
    const alone = made([first], 180);
    const beside = made([first, { ...whole(bins(60, [0, 0, 0])) }], 180);
    assert.deepEqual(beside, alone);
    assert.deepEqual(made([first], 180), alone);
    assert.notDeepEqual(made([first], 180, 2), alone);
  });

  for (const { name, part, says } of [
    {
      name: "begins after its trace",
      part: { fromSeconds: 120 },
      says: "load 'made', part 1: must begin within the 120 s of 'bins', was: '120'",
    },
    {
      name: "takes a moment twice",
      part: { seconds: 180 },
      says: "load 'made', part 1: must take at most the 120 s of 'bins', was: '180'",
    },
    {
      name: "ends after the load",
      part: { atSeconds: 100 },
      says: "load 'made', part 1: must end within the load's 200 s, was: '220'",
    },
    {
      name: "has bins of a part of a second",
      part: { trace: bins(0.5, [1, 2]) },
      says: "load 'made', part 1: the bins of 'bins' must be whole seconds wide, was: '0.5'",
    },
  ]) {
    test(`refuses a part that ${name}`, () => {
      const refusal = (thrown: unknown) => thrown instanceof BadInputError && thrown.message === says;
      assert.throws(() => made([{ ...whole(bins(60, [1, 1])), ...part }], 200), refusal);
    });
  }
});
