/** The point of the rules that keep an SLO: one setting, functions that nobody tuned for, and the budget spent, neither broken nor left over. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { planSchedule, type Schedule } from "#shared/traces/schedule.ts";
import { budgetOf, type SloPercentile } from "#shared/core/slo.ts";
import type { BinnedTrace } from "#shared/traces/trace.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { neededReplicas, simProfile, type SimProfile } from "#shared/sim/profiles.ts";
import { simulate } from "#shared/sim/simulate.ts";

const HOURS = 4;

/** A wave of two hours between half and one and a half times the rate that needs `need` replicas. */
function wave(profile: SimProfile, need: number): Schedule {
  let rps = 0.01;
  while (neededReplicas(profile, rps * 1.05) <= need) rps *= 1.05;
  const trace: BinnedTrace = {
    ...{ kind: "binned", format: "counts-30s", name: "wave", binSeconds: 30 },
    counts: Array.from({ length: HOURS * 120 }, (_, i) => rps * 30 * (1 + 0.5 * Math.sin((2 * Math.PI * i) / 240))),
  };
  return planSchedule(trace, { seed: 1, workCv: profile.workCv, gapRule: "poisson" });
}

for (const rule of ["forecast-mpc", "slo-budget"]) {
  describe(`${rule} in simulated time`, () => {
    for (const [name, percentile] of [
      ["stress", 95],
      ["stress", 90],
      ["io", 95],
      ["heavy", 95],
      ["heavy", 90],
    ] as const satisfies readonly (readonly [string, SloPercentile])[]) {
      test(`${name} at ${percentile} %: within the budget, most of it used, few reversals, and the guard leaves it alone`, () => {
        const given = simProfile(name);
        const profile = { ...given, slo: { ...given.slo, percentile } };
        const budget = budgetOf(profile.slo);
        const { totals } = simulate({
          schedule: wave(profile, 5),
          profile,
          seed: 1,
          policy: policyByName(rule)(),
          initialReplicas: 3,
        });
        const { sloViolationShare: share, reversals, clippedDecisions } = totals;
        assert.ok(share <= 1.1 * budget && share >= 0.7 * budget, `${share} of ${budget}`);
        assert.ok(reversals / HOURS <= 20, `${reversals / HOURS} reversals an hour`);
        assert.ok(clippedDecisions <= 0.02 * HOURS * 120, `${clippedDecisions} changed by the guard`);
      });
    }

    test("what the windows measured is what happened, within a tenth of the budget", () => {
      const profile = simProfile("stress");
      const { windows, totals } = simulate({
        schedule: wave(profile, 5),
        profile,
        seed: 1,
        policy: policyByName(rule)(),
      });
      let [broken, ended] = [0, 0];
      for (const { window, truth } of windows) {
        ended += truth.ok + truth.failed;
        broken += (window.late.share ?? 0) * (truth.ok + truth.failed);
      }
      assert.ok(Math.abs(broken / ended - totals.sloViolationShare) < 0.1 * budgetOf(profile.slo));
    });
  });
}
