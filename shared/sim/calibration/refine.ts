/** Moves a few parameters of a profile until a simulation lies closest to a recorded run. */
import type { Schedule } from "../../traces/schedule.ts";
import { simProfile, type SimProfile } from "../profiles.ts";
import { simulate } from "../simulate.ts";
import { distance, medianRun, type ComparedWindow } from "./comparison.ts";
import { scriptedPolicy } from "./script.ts";

/** A recorded run: its load, the counts that were set, and what was measured in each window. */
export interface PairedRun {
  readonly schedule: Schedule;
  readonly counts: readonly number[];
  readonly live: readonly ComparedWindow[];
}

/** Multiples of the profile's own values. */
export interface Refinement {
  readonly cpuSeconds: number;
  readonly cpuLimitCores: number;
  /** Before and after, as `distance` has it. */
  readonly before: number;
  readonly after: number;
}

/** Simulations per candidate: their median is compared, so that one draw of the platform's chance does not decide. */
export const SIMULATIONS = 5;
const STEPS = [1.25, 1.1, 1.04, 1.015] as const;
/** Beyond these a ladder was measured wrongly, and a fit to one run would hide it. */
const MOST = 2;

/** The windows of one simulation of the scripted run. */
export function simulateScript(
  { schedule, counts }: Pick<PairedRun, "schedule" | "counts">,
  profile: SimProfile,
  seed: number | string,
): ComparedWindow[] {
  const { windows } = simulate({
    schedule,
    profile,
    seed,
    policy: scriptedPolicy(counts),
    guard: "off",
    initialReplicas: counts[0]!,
  });
  return windows.map(({ window, truth }) => ({
    throughputRps: window.throughputRps,
    p95Seconds: truth.p95Seconds,
    cpuRatio: window.cpuRatio,
    readyReplicas: window.availableReplicas,
  }));
}

/** The median over `SIMULATIONS` seeds. */
export function simulateScriptOften(
  run: Pick<PairedRun, "schedule" | "counts">,
  profile: SimProfile,
): ComparedWindow[] {
  return medianRun(Array.from({ length: SIMULATIONS }, (_, i) => simulateScript(run, profile, `paired/${i}`)));
}

/** Coordinate search over the cost of a call and the limit that arrives, in ever smaller steps. Same run, same result. */
export function refine(
  profile: SimProfile,
  run: PairedRun,
): { readonly profile: SimProfile; readonly refinement: Refinement } {
  const changed = (cpu: number, limit: number) =>
    simProfile(profile, {
      cpuSeconds: profile.cpuSeconds * cpu,
      parameters: { cpuLimitCores: profile.parameters.cpuLimitCores * limit },
    });
  const judge = (cpu: number, limit: number) => {
    const simulated = simulateScriptOften(run, changed(cpu, limit));
    return distance(run.live.map((live, index) => ({ index, live, simulated: simulated[index]! })));
  };
  const before = judge(1, 1);
  let best = { cpu: 1, limit: 1, is: before };
  for (const step of STEPS) {
    for (let moved = true; moved;) {
      moved = false;
      for (const [cpu, limit] of [
        [best.cpu * step, best.limit],
        [best.cpu / step, best.limit],
        [best.cpu, best.limit * step],
        [best.cpu, best.limit / step],
      ] as const) {
        if (![cpu, limit].every((multiple) => multiple <= MOST && multiple >= 1 / MOST)) continue;
        const is = judge(cpu, limit);
        if (is < best.is - 1e-9) {
          best = { cpu, limit, is };
          moved = true;
        }
      }
    }
  }
  const refinement = { cpuSeconds: best.cpu, cpuLimitCores: best.limit, before, after: best.is };
  return { profile: changed(best.cpu, best.limit), refinement };
}
