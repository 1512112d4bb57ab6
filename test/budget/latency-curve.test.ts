/** The curve that `slo-budget` begins with, asked of the simulator again, and its shape. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { planSchedule } from "#shared/traces/schedule.ts";
import type { BinnedTrace } from "#shared/traces/trace.ts";
import { busyWithin } from "#shared/budget/latency-curve.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { simulate } from "#shared/sim/simulate.ts";

const REPLICAS = 8;
const HOURS = 3;

/** Eight replicas under a steady Poisson load that keeps them so busy. */
function simulated(busy: number, sloSeconds: number, [cpuSeconds, cores]: readonly [number, number]) {
  const rps = (busy * REPLICAS * cores) / cpuSeconds;
  const trace: BinnedTrace = {
    ...{ kind: "binned", format: "counts-30s", name: "steady", binSeconds: 30 },
    counts: Array.from({ length: HOURS * 120 }, () => rps * 30),
  };
  const profile = simProfile("stress", {
    ...{ cpuSeconds, workCv: 0.3, slo: { seconds: sloSeconds, percentile: 95 } },
    parameters: { cpuLimitCores: cores, cpuRequestCores: cores, nodes: 10 },
  });
  const schedule = planSchedule(trace, { seed: 1, workCv: 0.3, gapRule: "poisson" });
  return simulate({ schedule, profile, seed: 1, initialReplicas: REPLICAS, guard: "off" }).totals;
}

describe("the latency curve", () => {
  const quotaAPeriod = [0.1, 0.1] as const;
  const quotaBeyondARequest = [0.02, 0.2] as const;
  for (const { budget, ratio } of [
    { budget: 0.05, ratio: 3 },
    { budget: 0.05, ratio: 8 },
    { budget: 0.1, ratio: 5 },
    { budget: 0.01, ratio: 12 },
  ]) {
    test(`${budget * 100} % beyond ${ratio} × a lone request: the table lies between two kinds of replicas`, () => {
      const busy = busyWithin(budget, ratio);
      const lateOf = (kind: readonly [number, number]) => {
        const loneSeconds = simulated(0.02, 1e6, kind).meanSeconds!;
        return simulated(busy, ratio * loneSeconds, kind).sloViolationShare;
      };
      const [least, most] = [lateOf(quotaAPeriod), lateOf(quotaBeyondARequest)].sort((a, b) => a - b) as [
        number,
        number,
      ];
      assert.ok(least <= budget && budget <= most, `${least} … ${most}`);
      assert.ok(most < budget * 4 && least > budget / 12, `${least} … ${most}`);
    });
  }

  test("a larger budget and a wider SLO allow more, and beyond the table its ends hold", () => {
    let before = 0;
    for (const ratio of [1, 1.5, 2, 2.5, 4, 7, 15, 30, 100]) {
      const busy = busyWithin(0.05, ratio);
      assert.ok(busy >= before && busy < 1);
      assert.ok(busyWithin(0.1, ratio) >= busy && busyWithin(0.01, ratio) <= busy);
      before = busy;
    }
    assert.equal(busyWithin(0.001, 8), busyWithin(0.01, 8));
  });
});
