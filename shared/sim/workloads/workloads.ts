/** Patterns and synthetic functions as workloads of episodes. */
import { planSchedule } from "../../traces/schedule.ts";
import { neededReplicas } from "../profiles.ts";
import type { SimProfile } from "../profiles.ts";
import type { Workload } from "../workload.ts";
import { logUniform } from "./draws.ts";
import { patternTrace, PATTERNS } from "./patterns.ts";
import type { PatternName } from "./patterns.ts";
import { syntheticFunction } from "./synthetic.ts";
import type { SyntheticKind } from "./synthetic.ts";

export interface SpanOptions {
  /** The mean rate is drawn (log-uniform) so that it needs so many replicas. Default 1…half the profile's maximum. */
  readonly meanReplicas?: readonly [least: number, most: number];
}

/** A pattern (default: any of the six) at a mean rate that keeps the profile's replicas busy. */
export function patternWorkload({ pattern, ...span }: SpanOptions & { readonly pattern?: PatternName } = {}): Workload {
  return ({ random, profile, seconds }) => {
    const meanRps = drawRate(random, profile, span);
    const chosen = pattern ?? PATTERNS[random.integer(PATTERNS.length)]!;
    const trace = patternTrace(chosen, {
      meanRps,
      durationSeconds: Math.max(30, seconds),
      random: random.fork("shape"),
    });
    const seed = random.integer(2 ** 31);
    return planSchedule(trace, { seed, gapRule: "poisson", workCv: profile.workCv });
  };
}

/** A synthetic function of its own for each episode, its daily mean drawn as above. */
export function syntheticWorkload({ kind, ...span }: SpanOptions & { readonly kind?: SyntheticKind } = {}): Workload {
  return ({ random, profile, seconds }) => {
    const callsPerDay = drawRate(random, profile, span) * 86_400;
    const drawn = syntheticFunction(random.fork("function"), {
      callsPerDay: [callsPerDay, callsPerDay],
      durationSeconds: seconds,
      ...(kind ? { kind } : {}),
    });
    const seed = random.integer(2 ** 31);
    return planSchedule(drawn.trace, { seed, gapRule: drawn.gapRule, workCv: profile.workCv });
  };
}

function drawRate(
  random: Parameters<Workload>[0]["random"],
  profile: SimProfile,
  { meanReplicas }: SpanOptions,
): number {
  const [least, most] = meanReplicas ?? [1, Math.max(1, profile.maxReplicas / 2)];
  return rpsFor(profile, logUniform(random, least, most));
}

/** The rate that needs `replicas`, the inverse of `neededReplicas` without its rounding. */
export function rpsFor(profile: SimProfile, replicas: number): number {
  // Needed replicas grow in proportion to the rate: ask at a rate so high that rounding does not matter.
  const probe = 1e6;
  return (replicas * probe) / neededReplicas(profile, probe);
}
