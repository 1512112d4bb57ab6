import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { bucketWindow, average, isEmpty, record } from "#shared/policies/kpa/windows.ts";
import { KPA_OPTIONS, kpaPolicy, kpaSpec, startKpa, tickKpa } from "#shared/policies/kpa/kpa.ts";
import { answerTo, aWindow, run } from "#test/support/policies.ts";

describe("kpa: buckets", () => {
  const at = (seconds: number) => 1_000_000_000 + seconds * 1000;
  test("writes in one bucket add up", () => {
    const window = record(record(bucketWindow(5, 1), 2, at(0)), 3, at(0.9));
    assert.equal(average(window, at(0)), 5);
  });
  test("a window that is no multiple of the granularity takes one bucket more, never fewer", () => {
    for (const { seconds, granularity, want } of [
      { seconds: 70, granularity: 30, want: 3 },
      { seconds: 60, granularity: 30, want: 2 },
      { seconds: 0.3, granularity: 0.1, want: 3 },
      { seconds: 1, granularity: 30, want: 1 },
    ]) {
      assert.equal(bucketWindow(seconds, granularity).length, want, `${seconds} s in buckets of ${granularity} s`);
    }
  });
  test("a late write counts in its own bucket, and one older than the window not at all", () => {
    const window = record(record(bucketWindow(5, 1), 10, at(10)), 20, at(8));
    assert.equal(average(window, at(10)), 10);
    assert.deepEqual(record(window, 99, at(5)), window);
  });
  test("silence as long as the window starts anew", () => {
    const window = record(record(bucketWindow(5, 1), 10, at(0)), 4, at(5));
    assert.equal(average(window, at(5)), 4);
  });
  test("empty before any write, and after more than the window of silence", () => {
    assert.ok(isEmpty(bucketWindow(5, 1), at(0)));
    const written = record(bucketWindow(5, 1), 1, at(0));
    assert.ok(!isEmpty(written, at(5)));
    assert.ok(isEmpty(written, at(6)));
  });
});

describe("kpa: on ticks of 2 s", () => {
  const spec = kpaSpec({ ...KPA_OPTIONS, utilisation: 1 }, 5, 2);
  /** In-flight per tick and ready replicas → desired. */
  function ticks(samples: readonly (number | null)[], { ready = 1 } = {}) {
    let kpa = startKpa(spec, ready, 0);
    return samples.map((value, i) => {
      const step = tickKpa(kpa, { value, ready }, spec, (i + 1) * 2000);
      kpa = step.run;
      return step.decision.kind === "scale" ? step.decision.desired : step.decision.kind;
    });
  }

  test("a panic window of 6 s is three ticks", () => {
    // Means of 10, 20, 30 → needs 2, 4, 6; panic from the first, as ready is 1; the peak stays.
    assert.deepEqual(ticks([10, 30, 50, 0]), [2, 4, 6, 6]);
  });
  test("steady load keeps a steady count for ten minutes", () => {
    const counts = ticks(
      Array.from({ length: 300 }, () => 14),
      { ready: 3 },
    );
    assert.deepEqual(new Set(counts), new Set([3]));
  });
  test("after a burst the peak holds for a stable window, then the stable average decides", () => {
    const counts = ticks([...Array.from({ length: 3 }, () => 100), ...Array.from({ length: 60 }, () => 5)], {
      ready: 4,
    });
    const peak = Math.max(...(counts as number[]));
    assert.equal(peak, 20);
    // The mean of the last 6 s is worth 8 replicas, 200 % of 4 ready, until tick 5 (36.7); 60 s later, strictly, calm.
    assert.equal(counts.lastIndexOf(peak), 4 + 30);
    assert.equal(counts[35], 2);
  });
  test("no data: what is left in the windows counts until they are empty, then the decision is invalid", () => {
    const counts = ticks([20, 20, 20, ...Array.from({ length: 33 }, () => null)], { ready: 4 });
    assert.equal(counts[5], 4);
    assert.equal(counts.at(-1), "invalid");
  });
});

describe("kpa: on windows", () => {
  test("the stable average spans two windows, the panic average is the last one and wins in panic", () => {
    const policy = kpaPolicy({ ...KPA_OPTIONS, utilisation: 1 });
    answerTo(policy, aWindow(1, { inFlightMean: 10 }));
    const { proposedReplicas, because } = answerTo(policy, aWindow(2, { inFlightMean: 20 }));
    assert.equal(proposedReplicas, 4);
    assert.equal(because, "in-flight 15 over 60 s, 20 over 30 s ÷ target 5, in panic");
  });
  test("a restart with three ready replicas holds them for a stable window", () => {
    const idle = Array.from({ length: 5 }, () => ({ inFlightMean: 1, availableReplicas: 3 }));
    assert.deepEqual(run(kpaPolicy(), idle, {}, 3), [3, 3, 3, 1, 1]);
  });
  test("idle for a stable window is zero", () => {
    assert.deepEqual(run(kpaPolicy(), [{ inFlightMean: 3 }, { inFlightMean: 0 }, { inFlightMean: 0 }]), [1, 1, 0]);
  });
  test("not measured: the last decision stands", () => {
    const policy = kpaPolicy();
    answerTo(policy, aWindow(1, { inFlightMean: 20 }));
    for (let seq = 2; seq <= 4; seq++) answerTo(policy, aWindow(seq, { inFlightMean: null }));
    const { proposedReplicas, because } = answerTo(policy, aWindow(5, { inFlightMean: null }));
    assert.equal(proposedReplicas, 6);
    assert.equal(because, "in-flight not measured: as before");
  });
});
