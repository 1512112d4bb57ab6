/** The adapters: which of a window's numbers a rule reads, and what it says about them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { policyByName } from "#shared/policies/by-name.ts";
import { replicasFromPods, type PodReading } from "#shared/policies/hpa/replicas.ts";
import { answerTo, aWindow, run } from "#test/support/policies.ts";

const rule = (text: string) => policyByName(text)();

describe("hpa", () => {
  test("pods that read alike count together as they do one by one", () => {
    const kinds = [
      { use: 0.5, request: 1 },
      { use: 1.5, request: 2 },
      { use: null, request: 1 },
      { use: null, request: 1, standing: "unready" },
      { use: 9, request: 1, standing: "leaving" },
    ] as const satisfies readonly PodReading[];
    const numbers = [0, 1, 2, 7];
    let compared = 0;
    for (const counts of numbers.flatMap((a) => numbers.flatMap((b) => numbers.map((c) => [a, b, c, a, c])))) {
      const together = kinds.map((pod, i) => ({ ...pod, count: counts[i]! }));
      const listed = kinds.flatMap((pod, i) => Array.from({ length: counts[i]! }, () => pod));
      for (const target of [
        { kind: "utilisation", value: 60 },
        { kind: "average", value: 1 },
      ] as const) {
        assert.deepEqual(
          replicasFromPods(together, target, 5),
          replicasFromPods(listed, target, 5),
          `${counts.join()}`,
        );
        compared++;
      }
    }
    assert.equal(compared, 128);
  });

  for (const { name, text = "hpa", changes, want } of [
    { name: "at the target", changes: { cpuRatio: 0.7 }, want: 3 },
    { name: "inside the tolerance", changes: { cpuRatio: 0.76 }, want: 3 },
    { name: "above it", changes: { cpuRatio: 0.95 }, want: 5 },
    { name: "another target", text: "hpa:cpu=50", changes: { cpuRatio: 0.7 }, want: 5 },
    { name: "starting replicas count as idle on the way up", changes: { cpuRatio: 0.95, desiredReplicas: 4 }, want: 4 },
    {
      name: "starting replicas that would turn the direction",
      changes: { cpuRatio: 0.8, desiredReplicas: 6 },
      want: 6,
    },
    { name: "no more than double or 4", text: "hpa:cpu=10", changes: { cpuRatio: 1 }, want: 7 },
    {
      name: "without behavior: no more than double",
      text: "hpa:cpu=10,behaviour=none",
      changes: { cpuRatio: 1 },
      want: 6,
    },
    {
      name: "without behavior: or 4",
      text: "hpa:cpu=10,behaviour=none",
      changes: { cpuRatio: 1, desiredReplicas: 1, availableReplicas: 1 },
      want: 4,
    },
    { name: "exactly 110 % of the target", text: "hpa:cpu=50", changes: { cpuRatio: 0.55 }, want: 3 },
    { name: "above the maximum", changes: { desiredReplicas: 30, availableReplicas: 30 }, want: 20 },
    { name: "zero by hand", changes: { desiredReplicas: 0, availableReplicas: 0 }, want: 0 },
  ]) {
    test(name, () => assert.equal(answerTo(rule(text), aWindow(1, changes)).proposedReplicas, want));
  }

  test("a scale-down waits for 300 s of lower recommendations", () => {
    const counts = run(
      rule("hpa"),
      [{ cpuRatio: 0.7 }, ...Array.from({ length: 12 }, () => ({ cpuRatio: 0.3 }))],
      {},
      4,
    );
    // The 4 of the first window (30 s) is 300 s old at 330 s, the eleventh.
    assert.equal(counts.indexOf(2), 10);
  });

  test("the count found first is a recommendation even where CPU use was not measured yet", () => {
    const counts = run(
      rule("hpa"),
      [{ cpuRatio: null }, ...Array.from({ length: 12 }, () => ({ cpuRatio: 0.3 }))],
      {},
      4,
    );
    assert.equal(counts.indexOf(2), 10, "300 s after the first window, not after the first measured one");
  });

  test("without behavior a scale-down waits just the same", () => {
    const counts = run(
      rule("hpa:behaviour=none"),
      [{ cpuRatio: 0.7 }, ...Array.from({ length: 12 }, () => ({ cpuRatio: 0.3 }))],
      {},
      4,
    );
    assert.equal(counts.indexOf(2), 11, "one exactly 300 s old still counts here");
  });

  test("its words", () => {
    const policy = rule("hpa");
    assert.equal(answerTo(policy, aWindow(1, { cpuRatio: 0.95 })).because, "CPU 95 % ÷ target 70 % on 3 ready = 5");
    const held = answerTo(policy, aWindow(2, { cpuRatio: 0.2 }));
    assert.equal(held.because, "CPU 20 % ÷ target 70 % on 3 ready = 1, stabilised or limited");
    assert.equal(answerTo(policy, aWindow(3, { cpuRatio: null })).because, "CPU use not measured: hold");
  });
});

describe("openfaas-pro", () => {
  test("with a minimum of 0: to zero after the zero duration, and at zero it is the gateway that wakes", () => {
    const idle = { arrivals: 0, inFlightMax: 0 };
    const load = [{ arrivals: 3, inFlightMax: 1 }, idle, idle, idle, idle];
    assert.deepEqual(run(rule("openfaas-pro:zero-duration=60"), load, { minReplicas: 0 }), [1, 1, 0, 0, 0]);
    assert.deepEqual(run(rule("openfaas-pro:zero-duration=60"), load, { minReplicas: 1 }), [1, 1, 1, 1, 1]);
    assert.deepEqual(run(rule("openfaas-pro"), [idle], { minReplicas: 0 }, 0), [0], "not woken for nothing");
  });

  for (const { name, text = "openfaas-pro", changes, want } of [
    { name: "capacity reads the peak in flight: 14 ÷ (5 · 0.9)", changes: { inFlightMax: 14 }, want: 4 },
    { name: "exactly full is not more", changes: { inFlightMax: 9 }, want: 2 },
    { name: "idle keeps one", changes: { inFlightMax: 0 }, want: 1 },
    { name: "another target", text: "openfaas-pro:target=2,proportion=1", changes: { inFlightMax: 14 }, want: 7 },
    {
      name: "rps reads completions of every kind",
      text: "openfaas-pro:rps,target=1,proportion=1",
      changes: { completedOk: 60, completedError: { "4xx": 10, "429": 10, "5xx": 10, "504": 0 } },
      want: 3,
    },
    {
      name: "cpu reads use over all replicas",
      text: "openfaas-pro:cpu,target=50,proportion=1",
      changes: { cpuRatio: 0.8 },
      want: 5,
    },
    { name: "no more than the maximum", changes: { inFlightMax: 400 }, want: 20 },
  ]) {
    test(name, () => assert.equal(answerTo(rule(text), aWindow(1, changes)).proposedReplicas, want));
  }

  test("the down window goes to its largest recommendation, and only on the way down", () => {
    const load = [36, 9, 9, 18, 9].map((inFlightMax) => ({ inFlightMax }));
    assert.deepEqual(run(rule("openfaas-pro:down-window=60"), load, {}, 8), [8, 8, 2, 4, 4]);
    assert.deepEqual(run(rule("openfaas-pro"), load, {}, 8), [8, 2, 2, 4, 2]);
  });

  test("its words", () => {
    const policy = rule("openfaas-pro");
    assert.equal(answerTo(policy, aWindow(1, { inFlightMax: 14 })).because, "in-flight 14 ÷ target 4.5");
    const slow = rule("openfaas-pro:down-window=60");
    answerTo(slow, aWindow(1, { inFlightMax: 14 }));
    assert.equal(
      answerTo(slow, aWindow(2, { inFlightMax: 4 })).because,
      "in-flight 4 ÷ target 4.5 = 1, held by the down window",
    );
  });
});

describe("keda", () => {
  test("one replica per threshold of in-flight, within the tolerance", () => {
    assert.equal(answerTo(rule("keda"), aWindow(1, { inFlightMean: 24 })).proposedReplicas, 5);
    assert.equal(answerTo(rule("keda"), aWindow(1, { inFlightMean: 16 })).proposedReplicas, 3);
  });
  test("from zero when there is load, to zero after cooling", () => {
    const load = [0, 3, ...Array.from({ length: 13 }, () => 0)].map((inFlightMean) => ({ inFlightMean }));
    const counts = run(rule("keda"), load, { minReplicas: 0 }, 0);
    // Active at window 2 (60 s); more than 300 s later is window 13 (390 s).
    assert.deepEqual(counts.slice(0, 2), [0, 1]);
    assert.equal(counts.indexOf(0, 1), 12);
  });
  test("not measured: hold, then the fallback", () => {
    const gone = Array.from({ length: 4 }, () => ({ inFlightMean: null }));
    assert.deepEqual(run(rule("keda:fallback=6,failures=2"), gone, {}, 3), [3, 3, 6, 6]);
    assert.deepEqual(run(rule("keda"), gone, {}, 3), [3, 3, 3, 3]);
  });
});

describe("random", () => {
  test("the same seed walks the same way, another one another way, always inside the bounds", () => {
    const walk = (text: string) =>
      run(
        rule(text),
        Array.from({ length: 60 }, () => ({})),
        { maxReplicas: 6 },
      );
    assert.deepEqual(walk("random:seed=4"), walk("random:seed=4"));
    assert.notDeepEqual(walk("random:seed=4"), walk("random:seed=5"));
    const steps = walk("random:seed=4");
    assert.ok(steps.every((count) => count >= 1 && count <= 6));
    assert.ok(steps.every((count, i) => Math.abs(count - (steps[i - 1] ?? 1)) <= 2));
    assert.ok(new Set(steps).size >= 5);
  });
});

describe("fixed", () => {
  test("always the same", () => assert.deepEqual(run(rule("fixed:4"), [{}, {}]), [4, 4]));
});
