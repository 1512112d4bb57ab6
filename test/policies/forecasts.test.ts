/** The policies that look ahead: from idle times, from seasons, and from the future itself. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  forecastHoltWinters,
  holtWintersPolicy,
  skipHoltWinters,
  startHoltWinters,
  updateHoltWinters,
  HOLT_WINTERS_OPTIONS,
} from "#shared/policies/holt-winters.ts";
import { EMPTY_HISTOGRAM, recordIdle, warmSpan } from "#shared/policies/hybrid-histogram/histogram.ts";
import { hybridHistogramPolicy } from "#shared/policies/hybrid-histogram/policy.ts";
import type { Foresight } from "#shared/policies/foresight.ts";
import { oraclePolicy } from "#shared/policies/oracle.ts";
import { answerTo, aWindow, run } from "#test/support/policies.ts";

const near = (actual: number, want: number) => assert.ok(Math.abs(actual - want) < 1e-9, `${actual} is not ${want}`);

describe("hybrid histogram", () => {
  const after = (idles: readonly number[]) => idles.reduce(recordIdle, EMPTY_HISTOGRAM);

  test("knows nothing: warm for the whole range", () =>
    assert.deepEqual(warmSpan(EMPTY_HISTOGRAM), { kind: "whole range", prewarmMinutes: 0, untilMinutes: 240 }));
  test("regular idle times: from the head less 10 % to the tail plus 10 %", () => {
    const span = warmSpan(after([...Array.from({ length: 99 }, () => 20.5), 30.2]));
    assert.equal(span.kind, "histogram");
    near(span.prewarmMinutes, 18); // bin 20
    near(span.untilMinutes, 23.1); // the 99th is in bin 20, too: its upper edge is 21
  });
  test("the tail is the 99th percentile", () => {
    near(warmSpan(after([...Array.from({ length: 98 }, () => 20.5), 30.2, 30.3])).untilMinutes, 31 * 1.1);
  });
  test("no shape: warm for the whole range", () => {
    const flat = after(Array.from({ length: 240 }, (_, minute) => minute));
    assert.equal(warmSpan(flat).kind, "whole range");
  });
  test("mostly beyond four hours: around the forecast", () => {
    const span = warmSpan(after([300, 300, 10]));
    assert.equal(span.kind, "forecast");
    const smoothed = 300 + 0.3 * (10 - 300);
    near(span.prewarmMinutes, 0.85 * smoothed);
    near(span.untilMinutes, 1.15 * smoothed);
  });
  test("the policy keeps one warm exactly in the span, and KPA's count when busy", () => {
    const policy = hybridHistogramPolicy();
    const busy = { arrivals: 40, inFlightMean: 17, inFlightMax: 20 };
    const idle = { arrivals: 0, inFlightMean: 0, inFlightMax: 0 };
    // 59 idle windows between busy ones: an idle time of 29.5 minutes, eight times.
    const period = [busy, ...Array.from({ length: 59 }, () => idle)];
    const counts = run(policy, Array.from({ length: 9 }, () => period).flat(), { minReplicas: 0 });
    const last = counts.slice(-60);
    assert.ok(last[0]! >= 5, "17 in flight ÷ (5 · 0.7)");
    assert.equal(last[30], 0, "cold after 15 minutes");
    // Warm from 29 · 0.9 = 26.1 minutes: the window that ends 26.5 minutes after the busy one.
    assert.deepEqual([last[52], last[53], last[59]], [0, 1, 1]);
  });
});

describe("holt-winters", () => {
  const spec = { season: 4, alpha: 0.5, beta: 0.5, gamma: 0.5 };
  test("one step by hand", () => {
    const state = updateHoltWinters(startHoltWinters(10, spec), 14, spec);
    // ℓ = .5·14 + .5·10 = 12; b = .5·2 = 1; s = .5·2 = 1
    assert.deepEqual(state, { level: 12, trend: 1, seasonal: [0, 1, 0, 0], steps: 2 });
    assert.equal(forecastHoltWinters(state, 1, spec), 13);
    assert.equal(forecastHoltWinters(state, 4, spec), 12 + 4 + 1);
  });
  test("learns a season", () => {
    const wave = [10, 50, 10, 90];
    const gentle = { season: 4, alpha: 0.1, beta: 0.01, gamma: 0.3 };
    let state = startHoltWinters(wave[0]!, gentle);
    for (let i = 1; i < 400; i++) state = updateHoltWinters(state, wave[i % 4]!, gentle);
    for (let ahead = 1; ahead <= 4; ahead++) {
      const want = wave[(399 + ahead) % 4]!;
      assert.ok(Math.abs(forecastHoltWinters(state, ahead, gentle) - want) < 2);
    }
  });
  test("lost windows move the season on", () => {
    const state = { level: 10, trend: 0, seasonal: [0, 5, 0, -5], steps: 4 };
    assert.equal(forecastHoltWinters(skipHoltWinters(state, 1), 1, spec), 15);
  });
  test("a forecast is never negative", () => {
    assert.equal(forecastHoltWinters({ level: 1, trend: -5, seasonal: [0, 0, 0, 0], steps: 4 }, 3, spec), 0);
  });
  test("replicas by Little's law, with its words", () => {
    const { proposedReplicas, because } = answerTo(
      holtWintersPolicy(),
      aWindow(1, { arrivals: 300, executionSecondsMean: 2 }),
    );
    // 10/s · 2 s ÷ (5 · 0.7) = 5.7
    assert.equal(proposedReplicas, 6);
    assert.equal(because, "forecast 10/s × 2 s ÷ target 3.5");
  });
  test("the last known execution time stands in", () => {
    const policy = holtWintersPolicy({ ...HOLT_WINTERS_OPTIONS, alpha: 0 });
    answerTo(policy, aWindow(1, { arrivals: 300, executionSecondsMean: 2 }));
    assert.equal(answerTo(policy, aWindow(2, { arrivals: 0, executionSecondsMean: null })).proposedReplicas, 6);
  });
});

describe("oracle", () => {
  /** Ten arrivals a second from 60 s to 90 s, work 1, and nothing else. */
  const foresight: Foresight = {
    schedule: {
      offsetSeconds: Float64Array.from({ length: 300 }, (_, i) => 60 + i / 10),
      work: Float32Array.from({ length: 300 }, () => 1),
    },
    startMs: 0,
    busySeconds: 0.35,
    utilisation: 0.7,
    startupSeconds: 6,
  };
  const counts = (changes: Partial<Foresight> = {}) =>
    run(oraclePolicy({ ...foresight, ...changes }), [{}, {}, {}, {}]);

  test("as many as Little's law asks for: 10/s · 0.35 s ÷ 0.7 = 5, from before until the end", () => {
    // At 30 s the window from 36 s to 66 s has 6 of the 30 s: one replica. At 60 s the full five; at 90 s none.
    assert.deepEqual(counts(), [1, 5, 0, 0]);
  });
  test("a longer start-up looks further ahead", () => assert.deepEqual(counts({ startupSeconds: 30 }), [5, 5, 0, 0]));
  test("work counts, not arrivals", () => {
    const work = Float32Array.from({ length: 300 }, () => 2);
    assert.deepEqual(counts({ schedule: { ...foresight.schedule, work } }), [2, 10, 0, 0]);
  });
  test("its trace may begin at any instant", () => {
    assert.deepEqual(counts({ startMs: 30_000 }), [0, 1, 5, 0]);
  });
});
