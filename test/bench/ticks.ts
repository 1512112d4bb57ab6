/** A thousand functions whose targets ticks hold: what one tick of all of them takes the scaler, on one core. */
import { MemoryScaleTarget } from "#test/support/memory-scale-target.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { seededRandom } from "#shared/core/random.ts";
import { quantilesOf } from "#shared/load/quantiles.ts";
import { sloBudgetPolicy } from "#shared/policies/slo-budget/policy.ts";
import { aTarget } from "../support/a-decision.ts";
import { aManaged, aTick } from "../support/a-window.ts";
import { FunctionScaler } from "../../services/scaler/function-scaler.ts";
import { median, type Row, type Section } from "./section.ts";

const functions = 1_000;
const tickSeconds = 2;
/** Spans have grown to their length, and the code is warm. */
const warmUpTicks = 150;
const ticks = 60;

export const ticksSection: Section = {
  name: `ticks: ${functions} functions, each with a target that ticks hold`,
  run: async () => {
    const random = seededRandom("ticks");
    const target = new MemoryScaleTarget();
    const policy = { name: "slo-budget", version: "1" };
    const all = Array.from({ length: functions }, (_, i) => {
      const functionName = `f${i}`;
      target.set(functionName, 3);
      const scaler = new FunctionScaler({
        target,
        fallback: sloBudgetPolicy(),
        settings: GUARD_DEFAULTS,
        lease: { isHeld: () => true, fencing: 1, actWithinMs: 1_000 },
        monotonicNowMs: () => performance.now(),
        report: async () => {},
        complain: () => {},
        restored: { policy, target: aTarget(), span: { seconds: 60, arrivals: 90 }, startSeconds: 4 },
      });
      return { functionName, managed: aManaged({ functionName, maxReplicas: 40 }), scaler, rps: 20 ** random.next() };
    });
    const tookMs: number[] = [];
    for (let tick = 1; tick <= warmUpTicks + ticks; tick++) {
      const told = all.map(({ functionName, managed, rps }) => {
        const count = target.get(functionName)!;
        const counts = { desiredReplicas: count, availableReplicas: count, inFlight: random.poisson(rps) };
        const arrivals = random.poisson(rps * tickSeconds);
        return { managed, tick: aTick({ functionName, atMs: tick * tickSeconds * 1_000, arrivals, ...counts }) };
      });
      const beganMs = performance.now();
      for (const [i, { scaler }] of all.entries()) await scaler.onTick(told[i]!);
      if (tick > warmUpTicks) tookMs.push(performance.now() - beganMs);
    }
    const rows: Row[] = [
      { what: "a tick of all, median", value: median(tookMs), unit: "ms", note: "goal < 100" },
      { what: "a tick of all, p99", value: quantilesOf(tookMs)?.p99 ?? NaN, unit: "ms" },
    ];
    return rows;
  },
};
