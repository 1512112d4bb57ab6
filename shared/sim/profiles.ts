/** Functions to simulate: how much they work, what they may use, what they owe. */
import { BadInputError } from "../core/errors.ts";
import { MANAGED_DEFAULTS, type ManagedFunction } from "../core/managed-function.ts";
import type { Slo } from "../core/slo.ts";
import { simParameters, type ParameterName, type SimParameters } from "./parameters.ts";

/** A function and its platform, as the simulator has them. */
export interface SimProfile {
  readonly name: string;
  /** Mean CPU-seconds of a call; a schedule's work is relative to it. */
  readonly cpuSeconds: number;
  /** Mean time a call waits for something else before it computes, seconds; scaled by its work, too. */
  readonly sleepSeconds: number;
  /** Coefficient of variation of the work, for planning schedules. */
  readonly workCv: number;
  readonly slo: Slo;
  /** What multiplies the seed's trace so that the needed replicas span 1–20. */
  readonly rateScale: number;
  readonly targetInFlight: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** What a start costs, replica-seconds. Default `MANAGED_DEFAULTS.startCostSeconds`. */
  readonly startCostSeconds?: number;
  readonly parameters: SimParameters;
}

/** Beyond the parameters, all of a profile may be changed. */
export type ProfileChanges = Partial<Omit<SimProfile, "parameters">> & {
  readonly parameters?: Readonly<Partial<Record<ParameterName, number>>>;
};

const BOUNDS = { minReplicas: 1, maxReplicas: 24 } as const;

/** The shipped profiles, by name. */
/* prettier-ignore */
export const PROFILES = {
  stress: {
    name: "stress", cpuSeconds: 0.1, sleepSeconds: 0, workCv: 0.3, slo: { seconds: 3, percentile: 95 }, rateScale: 10, targetInFlight: 3, ...BOUNDS,
    parameters: simParameters({ cpuLimitCores: 0.1, cpuRequestCores: 0.1 }),
  },
  api: {
    name: "api", cpuSeconds: 0.005, sleepSeconds: 0, workCv: 0.3, slo: { seconds: 0.5, percentile: 95 }, rateScale: 400, targetInFlight: 3, ...BOUNDS,
    parameters: simParameters({ cpuLimitCores: 0.25, cpuRequestCores: 0.25 }),
  },
  io: {
    name: "io", cpuSeconds: 0.005, sleepSeconds: 0.4, workCv: 0.3, slo: { seconds: 1, percentile: 95 }, rateScale: 60, targetInFlight: 2.5, ...BOUNDS,
    parameters: simParameters({ cpuLimitCores: 0.1, cpuRequestCores: 0.1, maxInflight: 4 }),
  },
  heavy: {
    name: "heavy", cpuSeconds: 1, sleepSeconds: 0, workCv: 0.3, slo: { seconds: 10, percentile: 95 }, rateScale: 4, targetInFlight: 3, ...BOUNDS,
    // Twenty-four times half a core do not fit on two nodes of 3.5.
    parameters: simParameters({ cpuLimitCores: 0.5, cpuRequestCores: 0.5, nodes: 4 }),
  },
} as const satisfies Record<string, SimProfile>;

/** The name of a shipped profile. */
export type ProfileName = keyof typeof PROFILES;

/** A profile by name, or one given whole, with changes. Throws `BadInputError` for an unknown name. */
export function simProfile(profile: string | SimProfile, changes: ProfileChanges = {}): SimProfile {
  const base = typeof profile === "string" ? (PROFILES as Record<string, SimProfile>)[profile] : profile;
  if (!base) {
    const names = Object.keys(PROFILES).join(", ");
    throw new BadInputError(
      `simulator: the profile must be one of ${names}, was: '${typeof profile === "string" ? profile : profile.name}'`,
    );
  }
  if (Object.keys(changes).length === 0) return base;
  const { parameters, ...rest } = changes;
  return { ...base, ...rest, parameters: simParameters({ ...base.parameters, ...parameters }) };
}

/** The profile as a function under Replicant's care. */
export function managedFunctionOf(profile: SimProfile): ManagedFunction {
  const { name, minReplicas, maxReplicas, slo, targetInFlight } = profile;
  const { mode, policy } = MANAGED_DEFAULTS;
  return {
    functionName: name,
    namespace: "openfaas-fn",
    mode,
    policy,
    minReplicas,
    maxReplicas,
    slo,
    startCostSeconds: profile.startCostSeconds ?? MANAGED_DEFAULTS.startCostSeconds,
    targetInFlight,
  };
}

/** Replicas that carry `rps` at the target utilisation: N* = ⌈λ·W ÷ (c·u*)⌉, and at least one. */
export function neededReplicas(profile: SimProfile, rps: number, utilisation = 0.7): number {
  const { cpuLimitCores, maxInflight } = profile.parameters;
  const byCpu = (rps * profile.cpuSeconds) / (cpuLimitCores * utilisation);
  // Calls that sleep hold a place without computing: places bound the rate where they are few.
  const seconds = profile.sleepSeconds + profile.cpuSeconds;
  const byPlaces = maxInflight > 0 ? (rps * seconds) / (maxInflight * utilisation) : 0;
  return Math.max(1, Math.ceil(Math.max(byCpu, byPlaces) - 1e-9));
}
