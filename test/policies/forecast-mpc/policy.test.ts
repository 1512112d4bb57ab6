/** `forecast-mpc` in simulated time: what looking ahead is worth, and that a restart changes nothing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { ScalingPolicy } from "#shared/core/policy.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import type { BinnedTrace } from "#shared/traces/trace.ts";
import { forecastMpcPolicy } from "#shared/policies/forecast-mpc/policy.ts";
import { sloBudgetPolicy } from "#shared/policies/slo-budget/policy.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { simulate } from "#shared/sim/simulate.ts";
import { aManaged } from "#test/support/a-window.ts";
import { aWindow } from "#test/support/policies.ts";

const PROFILE = simProfile("stress", { parameters: { startMedianSeconds: 20, startFloorSeconds: 10 } });
const START_COST = 15;

/** Five hours of a job that comes each ten minutes for one, beside a little load that never stops. */
function jobs(policy: ScalingPolicy) {
  const trace: BinnedTrace = {
    ...{ kind: "binned", format: "counts-30s", name: "jobs", binSeconds: 30 },
    counts: Array.from({ length: 600 }, (_, i) => (i % 20 < 2 ? 120 : 15)),
  };
  const schedule = planSchedule(trace, { seed: 1, workCv: PROFILE.workCv, gapRule: "poisson" });
  const { totals } = simulate({ schedule, profile: PROFILE, seed: 1, policy, initialReplicas: 1 });
  return { share: totals.sloViolationShare, cost: totals.replicaSeconds + START_COST * totals.replicaStarts };
}

describe("forecast-mpc", () => {
  test("has replicas ready for a job that returns every ten minutes: fewer late requests than without a look ahead", () => {
    const [ahead, otherwise] = [jobs(forecastMpcPolicy()), jobs(sloBudgetPolicy())];
    assert.ok(ahead.share < 0.06, `${ahead.share} late`);
    assert.ok(
      ahead.share * ahead.cost < 0.9 * otherwise.share * otherwise.cost,
      `${JSON.stringify(ahead)} against ${JSON.stringify(otherwise)}`,
    );
  });

  test("what it knows is plain numbers: another instance goes on from them as if nothing had been", () => {
    const managed = aManaged({ maxReplicas: 12, targetInFlight: 3 });
    const [one, two] = [forecastMpcPolicy(), forecastMpcPolicy()];
    const windowOf = (seq: number) => {
      const arrivals = seq % 7 === 0 ? 200 : 40;
      return aWindow(seq, { arrivals, completedOk: arrivals, late: { share: (seq % 5) / 50, because: null } });
    };
    let memory: Readonly<Record<string, number>> | undefined;
    for (let seq = 1; seq <= 60; seq++) {
      const window = windowOf(seq);
      memory = one.propose({ window, managed, nowMs: window.endedAtMs }).target?.memory;
    }
    const next = windowOf(61);
    const json = JSON.parse(JSON.stringify(memory)) as Record<string, number>;
    const [went, goesOn] = [
      one.propose({ window: next, managed, nowMs: next.endedAtMs }),
      two.propose({ window: next, managed, nowMs: next.endedAtMs, memory: json }),
    ];
    assert.deepEqual(goesOn, went);
  });
});
