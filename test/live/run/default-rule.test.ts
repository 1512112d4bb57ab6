/** What the default rule would have come to on a run's load: the same requests, a function as the run's windows measured it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MANAGED_DEFAULTS } from "#shared/core/managed-function.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { simulatedScores } from "#shared/evaluation/simulated-scores.ts";
import { defaultRuleLine, defaultRuleOutcome } from "#shared/live/run/default-rule.ts";
import type { LoadPlan } from "#shared/live/load.ts";

const COUNTS = [40, 60, 80, 40, 20, 100, 60, 40, 20, 40, 80, 60];

function plan(policy: string): LoadPlan {
  const managed = aManaged({ policy });
  const trace = { name: "counts", selection: null, format: "counts-30s" } as const;
  return { ...trace, text: JSON.stringify(COUNTS), managed, windows: COUNTS.length };
}

/** A call of `stress`: a second on a replica of a tenth of a core. */
function windows(count: number, times = 1) {
  return COUNTS.slice(0, count).map((completedOk, i) =>
    aWindow({ seq: i + 1, completedOk, cpuRatio: (times * completedOk) / 120, availableReplicas: 4 }),
  );
}

const LOAD = { seed: "1", rateScale: 1, fromWindow: 0, profile: "open" } as const;
const outcome = (count: number, policy = "kpa") =>
  defaultRuleOutcome({ ...LOAD, plan: plan(policy), windows: windows(count) });

describe("the default rule on a run's load", () => {
  test("is simulated on the very schedule that the load generator plans", async () => {
    const trace = { kind: "binned", format: "counts-30s", name: "counts", binSeconds: 30, counts: COUNTS } as const;
    const schedule = planSchedule(trace, { seed: "1", workCv: 0.3, windowSeconds: 30 });
    const profile = simProfile("stress", {
      minReplicas: 1,
      maxReplicas: 12,
      targetInFlight: plan("kpa").managed.targetInFlight,
    });
    const { simulated } = await simulatedScores(MANAGED_DEFAULTS.policy, schedule, profile);
    const told = await outcome(COUNTS.length);
    assert.equal(told?.policy, MANAGED_DEFAULTS.policy);
    assert.equal(told.isOwn, false);
    assert.ok(Math.abs(told.sloViolationShare - simulated.sloViolationShare) < 0.01);
    assert.ok(Math.abs(told.replicaSeconds / simulated.replicaSeconds - 1) < 0.05);
  });

  test("a run that was stopped is simulated as far as it went; one of a window or two not at all", async () => {
    const [whole, half] = [await outcome(COUNTS.length), await outcome(COUNTS.length / 2)];
    assert.ok(half!.replicaSeconds < 0.7 * whole!.replicaSeconds);
    assert.equal(await outcome(2), null);
  });

  test("what a call took is read from the windows: lighter ones need fewer replicas in the simulator, too", async () => {
    const light = await defaultRuleOutcome({ ...LOAD, plan: plan("kpa"), windows: windows(COUNTS.length, 0.5) });
    assert.ok(light!.replicaSeconds < 0.8 * (await outcome(COUNTS.length))!.replicaSeconds);
  });

  test("stays within what the platform allows", async () => {
    const busy = windows(COUNTS.length, 2);
    const capped = await defaultRuleOutcome({ ...LOAD, profile: "ce", plan: plan("kpa"), windows: busy });
    assert.ok(capped!.replicaSeconds <= 5 * 30 * COUNTS.length);
  });

  test("the line sets it beside the run; a run of the rule itself reads what was to be expected", () => {
    const figures = { policy: "slo-budget", sloViolationShare: 0.046, replicaSeconds: 412.3 };
    const slo = { seconds: 3, percentile: 95 } as const;
    assert.equal(
      defaultRuleLine({ ...figures, isOwn: false }, slo, 455.1),
      "slo-budget on the same load, simulated: 4.6 % of 5 %, 412 replica-seconds (this run: 455)",
    );
    assert.equal(
      defaultRuleLine({ ...figures, isOwn: true }, slo, 455.1),
      "the same run, simulated: 4.6 % of 5 %, 412 replica-seconds (this run: 455)",
    );
  });

  test("a run of the rule itself is reported as such", async () => {
    assert.equal((await outcome(COUNTS.length, MANAGED_DEFAULTS.policy))!.isOwn, true);
  });
});
