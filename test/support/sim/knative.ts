/** Knative's own performance scenarios on the simulated platform, with KPA at its native 2 s. */
import type { Schedule } from "#shared/traces/schedule.ts";
import type { Tick } from "#shared/core/window.ts";
import { KPA_TICK_SECONDS, kpaTickPolicy } from "#shared/evaluation/kpa-ticks.ts";
import { KPA_OPTIONS, type KpaOptions } from "#shared/policies/kpa/kpa.ts";
import { simProfile, type ProfileChanges } from "#shared/sim/profiles.ts";
import { simulate, type Simulation } from "#shared/sim/simulate.ts";

export interface Stage {
  readonly seconds: number;
  readonly rps: number;
}

/** Evenly spaced calls of equal work, as Knative's load generator paces them. */
export function stagesOf(stages: readonly Stage[]): Schedule {
  const offsets: number[] = [];
  let startSeconds = 0;
  for (const { seconds, rps } of stages) {
    for (let i = 0; i < Math.round(seconds * rps); i++) offsets.push(startSeconds + (i + 0.5) / rps);
    startSeconds += seconds;
  }
  return {
    durationSeconds: startSeconds,
    windowSeconds: 30,
    offsetSeconds: Float64Array.from(offsets),
    work: new Float32Array(offsets.length).fill(1),
  };
}

export interface Observed {
  readonly atSeconds: number;
  readonly ready: number;
  readonly desired: number;
}

export interface Scenario extends Simulation {
  /** As each tick found the platform. */
  readonly ticks: readonly Observed[];
}

export interface ScenarioOptions {
  readonly schedule: Schedule;
  /** How long a call sleeps. */
  readonly sleepSeconds: number;
  readonly kpa: Partial<KpaOptions>;
  readonly changes?: ProfileChanges;
  readonly initialReplicas?: number;
  readonly seed?: number;
}

/**
 * Sleeping calls cost next to no CPU. The activator holds and repeats calls, so none fails because a pod has just come or gone
 * (`earlyFailureChance` 0); everything else is the platform as it is: starts of seconds, readiness probes, drains, and a tick in a
 * hundred that is lost.
 */
export function runScenario({
  schedule,
  sleepSeconds,
  kpa,
  changes = {},
  initialReplicas = 1,
  seed = 1,
}: ScenarioOptions): Scenario {
  const base = simProfile("stress", {
    name: "autoscale",
    cpuSeconds: 0.0001,
    sleepSeconds,
    slo: { seconds: 10, percentile: 95 },
    minReplicas: 1,
    maxReplicas: 100,
    parameters: {
      earlyFailureChance: 0,
      cpuLimitCores: 1,
      cpuRequestCores: 0.1,
      memoryPerCallMegabytes: 0.1,
      nodes: 6,
    },
  });
  const policy = kpaTickPolicy({ ...KPA_OPTIONS, ...kpa });
  const ticks: Observed[] = [];
  const note = ({ atMs, availableReplicas, desiredReplicas }: Tick) =>
    ticks.push({ atSeconds: atMs / 1000, ready: availableReplicas!, desired: desiredReplicas! });
  const simulation = simulate({
    schedule,
    profile: simProfile(base, changes),
    seed,
    initialReplicas,
    guard: "off",
    tickSeconds: KPA_TICK_SECONDS,
    tickPolicy: {
      identity: policy.identity,
      onTick(tick, managed) {
        note(tick);
        return policy.onTick(tick, managed);
      },
    },
  });
  return { ...simulation, ticks };
}

export function within(ticks: readonly Observed[], fromSeconds: number, toSeconds: number): Observed[] {
  return ticks.filter(({ atSeconds }) => atSeconds > fromSeconds && atSeconds <= toSeconds);
}
