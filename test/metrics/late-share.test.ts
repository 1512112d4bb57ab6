/** The late share against counts that anyone can check by hand, and against the truth of drawn latencies. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { lateShareOf, sloFitOf } from "#shared/metrics/late-share.ts";

/** Ten requests of each bucket 1, 2.5, 5, 10, +Inf. */
const ok = [1, 2.5, 5, 10, Infinity].map((upperBound, i) => ({ upperBound, count: 10 * (i + 1) }));

describe("the late share", () => {
  for (const { name, sloSeconds, failed = 0, buckets = ok, share, because } of [
    { name: "on an edge it is counted", sloSeconds: 2.5, share: 30 / 50, because: null },
    { name: "what failed counts as late", sloSeconds: 2.5, failed: 50, share: 80 / 100, because: null },
    {
      name: "between two edges it is interpolated",
      sloSeconds: 3.75,
      share: 25 / 50,
      because: "interpolated between the buckets of 2.5 and 5 s",
    },
    {
      name: "below the first edge, too",
      sloSeconds: 0.5,
      share: 45 / 50,
      because: "interpolated between the buckets of 0 and 1 s",
    },
    {
      name: "beyond the last finite edge nobody knows",
      sloSeconds: 12,
      share: null,
      because: "the SLO of 12 s lies beyond the last bucket of 10 s",
    },
    {
      name: "beyond it, where nothing was that slow, it is none",
      sloSeconds: 12,
      buckets: ok.map(({ upperBound }) => ({ upperBound, count: 10 })),
      share: 0,
      because: null,
    },
    { name: "where nothing ended there is none", sloSeconds: 1, buckets: [], share: null, because: "nothing ended" },
    { name: "where all failed it is all", sloSeconds: 1, buckets: [], failed: 3, share: 1, because: null },
    {
      name: "a bucket that nothing lies in needs no interpolation",
      sloSeconds: 3,
      buckets: [
        { upperBound: 2.5, count: 8 },
        { upperBound: 5, count: 8 },
        { upperBound: Infinity, count: 10 },
      ],
      share: 0.2,
      because: null,
    },
  ] as const) {
    test(name, () => {
      const late = lateShareOf({ ok: buckets, failed }, { sloSeconds, timeLapse: 1 });
      assert.deepEqual(late, { share, because });
    });
  }

  test("with an edge at the SLO it is the truth, whatever the latencies are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 100, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 50, noNaN: true }),
        fc.nat(20),
        (latencies, sloSeconds, failed) => {
          const bounds = [...new Set([0.1, 1, 10, sloSeconds])].sort((a, b) => a - b);
          const buckets = [...bounds, Infinity].map((upperBound) => ({
            upperBound,
            count: latencies.filter((seconds) => seconds <= upperBound).length,
          }));
          const { share, because } = lateShareOf({ ok: buckets, failed }, { sloSeconds, timeLapse: 1 });
          const late = latencies.filter((seconds) => seconds > sloSeconds).length + failed;
          assert.equal(because, null);
          assert.ok(Math.abs(share! - late / (latencies.length + failed)) < 1e-12);
        },
      ),
    );
  });
});

describe("what edges let be known of an SLO", () => {
  const bounds = [5, 0.5, 1, Infinity, 2.5];
  for (const { sloSeconds, timeLapse = 1, of = bounds, fit } of [
    { sloSeconds: 2.5, fit: { kind: "exact" } },
    { sloSeconds: 3, fit: { kind: "between", belowSeconds: 2.5, aboveSeconds: 5 } },
    { sloSeconds: 0.2, fit: { kind: "between", belowSeconds: 0, aboveSeconds: 0.5 } },
    { sloSeconds: 6, fit: { kind: "beyond", lastSeconds: 5 } },
    { sloSeconds: 20, timeLapse: 10, fit: { kind: "between", belowSeconds: 10, aboveSeconds: 25 } },
    // 0.7 ÷ 20 is no short number; the edge that a platform puts there is the same one.
    { sloSeconds: 0.7, timeLapse: 20, of: [0.7 / 20, 0.5], fit: { kind: "exact" } },
    { sloSeconds: 3, of: [Infinity], fit: null },
  ] as const) {
    test(`${sloSeconds} s at time-lapse ${timeLapse}: ${fit?.kind ?? "nothing is known"}`, () => {
      assert.deepEqual(sloFitOf(of, { sloSeconds, timeLapse }), fit);
    });
  }

  test("reasons are told in trace time, as the SLO is", () => {
    const { because } = lateShareOf(
      { ok: [0.1, 0.25, Infinity].map((upperBound, i) => ({ upperBound, count: i })), failed: 0 },
      { sloSeconds: 3, timeLapse: 20 },
    );
    assert.equal(because, "interpolated between the buckets of 2 and 5 s");
  });
});
