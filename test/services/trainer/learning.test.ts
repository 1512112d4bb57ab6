/** What the trainer computes, with real networks in the real simulator, on small loads. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { before, describe, test } from "node:test";

import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { MANAGED_DEFAULTS } from "#shared/core/managed-function.ts";
import { judge, LIFECYCLE_DEFAULTS, NO_TRIAL } from "#shared/core/model-lifecycle.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import { loadTrace } from "#shared/traces/load-trace.ts";
import type { CheckpointFiles } from "#shared/rl/checkpoint/types.ts";
import { seededRandom } from "#shared/core/random.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { CheckpointedMemoryPolicy } from "#shared/policies/checkpointed-memory.ts";
import { fixedPolicy } from "#shared/policies/fixed.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { heldModel } from "#shared/policies/held-model.ts";
import { servedModel } from "#shared/policies/served-model.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import type { NetworkSpec, Weights } from "#shared/rl/engine/network.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { simulate } from "#shared/sim/simulate.ts";
import { checkpointFiles, negated } from "#test/support/a-checkpoint.ts";
import { aLearnedDetail, anApplied, aProposal } from "#test/support/a-decision.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { compare } from "#shared/evaluation/paired-comparison.ts";
import { estimate, MIN_WINDOWS } from "#shared/evaluation/estimate.ts";
import { fineTune, type FineTuneJob } from "#services/trainer/learning/fine-tune.ts";
import { recordedProfile, recordedSchedule, recordedTrace } from "#shared/evaluation/recorded-load.ts";
import { ruleFor } from "#services/trainer/judging/rules.ts";

let makeEngine: (spec: NetworkSpec, weights: Weights) => ReturnType<typeof createWasmEngine>;
before(async () => {
  const kernel = await kernelBytes;
  makeEngine = (spec, weights) => createWasmEngine(kernel, spec, weights);
});

const managed = aManaged({ targetInFlight: 3 });
const rule = () => policyByName("openfaas-pro")();

/** A quiet hour with a busy spell, as the collector would have reported it of the `stress` profile under a rule. */
function recorded(count = 60): readonly MetricsWindow[] {
  const random = seededRandom("recorded");
  const counts = Array.from({ length: count }, (_, i) => (i % 20 < 12 ? 8 : 50) + random.integer(8));
  const trace = { kind: "binned", format: "counts-30s", name: "a load", binSeconds: 30, counts } as const;
  const profile = simProfile("stress");
  const { windows } = simulate({ schedule: recordedSchedule(trace, profile, 1), profile, seed: 1, policy: rule() });
  return windows.map(({ window }) => window);
}

describe("a recorded load", () => {
  test("is the recorded counts, gaps filled with what was before", () => {
    const windows = [
      aWindow({ seq: 4, arrivals: 10 }),
      aWindow({ seq: 5, arrivals: null }),
      aWindow({ seq: 8, arrivals: 3 }),
    ];
    assert.deepEqual(recordedTrace(windows).counts, [10, 10, 10, 10, 3]);
  });

  test("of a function that computes: its work within a tenth, no sleep", () => {
    const { cpuSeconds, sleepSeconds } = recordedProfile(recorded(), managed);
    const wanted = simProfile("stress").cpuSeconds;
    assert.ok(Math.abs(cpuSeconds / wanted - 1) < 0.1, `${cpuSeconds} s in place of ${wanted} s`);
    assert.equal(sleepSeconds, 0);
  });

  test("of a function that waits: what idle replicas took beyond the work is sleep", () => {
    const windows = Array.from({ length: 10 }, (_, i) =>
      aWindow({ seq: i + 1, cpuRatio: 0.1, availableReplicas: 2, completedOk: 60, executionSecondsMean: 0.6 / 0.9 }),
    );
    const { cpuSeconds, sleepSeconds } = recordedProfile(windows, managed);
    assert.ok(Math.abs(cpuSeconds - 0.01) < 1e-9, String(cpuSeconds));
    assert.ok(Math.abs(sleepSeconds - 0.5) < 1e-9, String(sleepSeconds));
  });

  test("what replicas took to start is no call's work", () => {
    const windows = Array.from({ length: 10 }, (_, i) => {
      const replicas = i % 3 === 1 ? 4 : 2;
      const cpuRatio = replicas === 4 ? 0.9 : 0.5;
      const counts = { desiredReplicas: replicas, availableReplicas: replicas };
      return aWindow({ seq: i + 1, cpuRatio, ...counts, completedOk: 30, executionSecondsMean: 1 });
    });
    assert.ok(Math.abs(recordedProfile(windows, managed).cpuSeconds - 0.1) < 1e-9);
    // Where the count always changes, all windows are what there is.
    const restless = windows.map((one, i) => ({ ...one, availableReplicas: 1 + (i % 2) }));
    assert.ok(recordedProfile(restless, managed).cpuSeconds > 0);
  });

  test("without a single measured call the base profile remains", () => {
    const { cpuSeconds } = recordedProfile([aWindow({ completedOk: 0, arrivals: 0 })], managed);
    assert.equal(cpuSeconds, simProfile("stress").cpuSeconds);
  });
});

describe("estimates on recorded windows", () => {
  test("too few windows say nothing", () => {
    assert.equal(estimate(recorded(9), managed, rule, rule), null);
  });

  test("the same policy for model and rule: the same outcome", () => {
    const { model, rule: other } = estimate(recorded(40), managed, rule, rule)!;
    assert.deepEqual(model, other);
  });

  for (const { name, replicas } of [
    { name: "twelve replicas waste", replicas: 12 },
    { name: "one replica breaks the SLO", replicas: 1 },
  ]) {
    test(`${name}, and are worse than the rule`, () => {
      const { model, rule: other } = estimate(recorded(40), managed, () => fixedPolicy(replicas), rule)!;
      assert.ok(model.reward < other.reward - 0.01, `${model.reward} against ${other.reward}`);
      if (replicas === 1) assert.ok(model.violationShare > other.violationShare);
      else assert.ok(model.replicaSeconds > other.replicaSeconds);
    });
  }
});

describe("the shipped model, on the demo's load", () => {
  const profile = simProfile("stress", { targetInFlight: 2, maxReplicas: 12 });

  /** Lives through the demo under the model; the window in which it lost control, or null. */
  async function lostControlAt(
    change: (files: CheckpointFiles) => CheckpointFiles,
    { isHeld } = { isHeld: false },
  ): Promise<number | null> {
    const rule = policyByName(ruleFor({ isHeld }, { counts: "openfaas-pro", held: MANAGED_DEFAULTS.policy }));
    const files = await shippedModels(resolve("shared/models")).read("lstm-ppo-plus@product");
    const { model } = servedModel(change(files), "shipped", makeEngine);
    const trace = await loadTrace("traces/seed_request_count_raw_30s.json");
    const span = { fromSeconds: 418 * 30, durationSeconds: 62 * 30, rateScale: 6, workCv: 0.3 };
    const schedule = planSchedule(trace, { seed: 1, ...span });
    const make = () => new CheckpointedMemoryPolicy(isHeld ? heldModel(model) : model);
    const { windows } = simulate({ schedule, profile, policy: make(), seed: 1, initialReplicas: 3 });
    const seen = windows.map(({ window }) => window);
    const control = {
      functionName: "stress",
      policy: "",
      step: null,
      before: null,
      mode: "auto",
      version: null,
      reason: "",
      atMs: 0,
    } as const;
    let trial = NO_TRIAL;
    for (let seq = MIN_WINDOWS; seq <= seen.length; seq++) {
      const told = estimate(seen.slice(0, seq), aManaged({ targetInFlight: 2 }), make, rule)!;
      const judgement = judge({ control, version: "" }, trial, told, seq, LIFECYCLE_DEFAULTS);
      if (judgement.switch !== null) return seq;
      trial = judgement.trial;
    }
    return null;
  }

  for (const { name, isHeld } of [
    { name: "keeps control", isHeld: false },
    { name: "held by ticks, it keeps control against the rule that ticks hold", isHeld: true },
  ]) {
    test(name, async () => assert.equal(await lostControlAt((files) => files, { isHeld }), null));
  }

  test("with its weights negated it loses control within the first windows that can be judged", async () => {
    const at = await lostControlAt(negated);
    assert.ok(at !== null && at <= MIN_WINDOWS + 2 * LIFECYCLE_DEFAULTS.judgeWindows, String(at));
  });
});

describe("is the candidate better?", () => {
  const options = () => {
    const windows = recorded();
    return { trace: recordedTrace(windows), profile: recordedProfile(windows, managed), seed: 1, pairs: 6 };
  };
  const wasteful = () => fixedPolicy(12);

  test("than two that waste: surely", () => {
    const comparison = compare({ candidate: rule, current: wasteful, rule: wasteful }, options());
    assert.ok(comparison.overCurrent.lo > 0 && comparison.isBetter, JSON.stringify(comparison));
  });

  test("than itself: never", () => {
    const comparison = compare({ candidate: rule, current: rule, rule: wasteful }, options());
    assert.deepEqual([comparison.overCurrent.mean, comparison.isBetter], [0, false]);
  });

  test("better than the model it would replace, worse than the rule: not published", () => {
    const comparison = compare({ candidate: () => fixedPolicy(11), current: wasteful, rule }, options());
    assert.ok(comparison.overCurrent.lo > 0 && comparison.overRule.hi < 0 && !comparison.isBetter);
  });
});

describe("fine-tuning", () => {
  const job = (changes: Partial<FineTuneJob> = {}): FineTuneJob => ({
    files: checkpointFiles(),
    version: "0123456789ab",
    isHeld: false,
    managed,
    transitions: Array.from({ length: 40 }, (_, i) => ({
      decisionId: `stress@${(i + 1) * 30_000}`,
      managed,
      window: aWindow({ seq: i + 1 }),
      proposal: aProposal({ seq: i + 1, learned: aLearnedDetail() }),
      applied: anApplied({ seq: i + 1 }),
      next: aWindow({ seq: i + 2 }),
      tickDecisions: 0,
    })),
    windows: recorded(),
    rule: "openfaas-pro",
    simulatedSteps: 2_048,
    seed: "a seed",
    ...changes,
  });

  test("gives a candidate that serves, with its numbers, and leaves the current one as it was", async () => {
    const before = checkpointFiles();
    const { files, live, simulated, comparison, steps } = await fineTune(job({ files: before }), makeEngine);
    assert.deepEqual(before, checkpointFiles());
    const { record, weights } = decodeCheckpoint(files);
    assert.notDeepEqual(weights, decodeCheckpoint(before).weights);
    assert.deepEqual([live.steps, live.counted, simulated.steps], [40, 39, 2_048]);
    assert.equal(steps, 1_000 + 39 + 2_048);
    assert.equal(record.steps, steps);
    assert.deepEqual(record.evaluation!["overRule"], comparison.overRule);
    const { model } = servedModel(files, "candidate", makeEngine);
    const window = aWindow();
    const policy = new CheckpointedMemoryPolicy(model);
    assert.ok(
      Number.isInteger(policy.propose({ window: window as never, managed, nowMs: window.endedAtMs }).proposedReplicas),
    );
  });

  test("the same job gives the same bytes", async () => {
    const small = job({ simulatedSteps: 0 });
    assert.deepEqual((await fineTune(small, makeEngine)).files, (await fineTune(small, makeEngine)).files);
  });

  test("a model that always adds two learns within a few rounds to waste less", async () => {
    const { settings } = decodeCheckpoint(checkpointFiles()).record;
    // A rate that no published model would be changed by, so that a few rounds do.
    const hyperparameters = { ...settings.hyperparameters, learningRate: 1e-2, epochs: 6, targetKl: null };
    const files = checkpointFiles({ bias: [0, 0, 0, 0, 2], record: { settings: { ...settings, hyperparameters } } });
    const { comparison } = await fineTune(job({ files, transitions: [], simulatedSteps: 8_192 }), makeEngine);
    const { candidate, current } = comparison;
    assert.ok(candidate.replicaSeconds < 0.8 * current.replicaSeconds, JSON.stringify(comparison));
  });
});
