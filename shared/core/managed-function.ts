/** A function under Replicant's care: what its annotations in stack.yml say. */
import { rangeProblem, rangeWithin, type PlatformLimits } from "./platform-limits.ts";
import { SLO_PERCENTILES, type Slo } from "./slo.ts";

/** What Replicant may do with a function, from the strictest mode to the freest. */
export const MODES = ["off", "shadow", "canary", "auto"] as const;
/** One of `MODES`. */
export type Mode = (typeof MODES)[number];

/** A function and how Replicant is to scale it. */
export interface ManagedFunction {
  readonly functionName: string;
  readonly namespace: string;
  /** `shadow`: decide and publish, do not apply. */
  readonly mode: Mode;
  /** The policy by name: `forecast-mpc`, `hpa`, `kpa`, `openfaas-pro`, `fixed:3`, or a checkpoint. */
  readonly policy: string;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly slo: Slo;
  /** What a replica's start costs, in replica-seconds: as much idling is worth it to save one. */
  readonly startCostSeconds: number;
  /** In-flight invocations one replica is meant to carry; the panic floor divides by it. */
  readonly targetInFlight: number;
  /** What the platform was seen to clamp this function to; absent while nothing is known. */
  readonly platform?: PlatformLimits | undefined;
}

/** As a policy is to see it: with the range that the platform gives. */
export function withinPlatform(managed: ManagedFunction): ManagedFunction {
  return managed.platform === undefined ? managed : { ...managed, ...rangeWithin(managed, managed.platform) };
}

/** A model that learned in a range that the platform does not give would act on what never happens; null where it does. */
export function trainingRefusal(managed: ManagedFunction): string | null {
  const problem = rangeProblem(managed.functionName, managed, managed.platform ?? null);
  return problem && `${problem}: set replicant.min and replicant.max to what it gives, then its model can be trained`;
}

/** What holds for a managed function whose annotations do not say otherwise. */
export const MANAGED_DEFAULTS = {
  mode: "auto",
  policy: "forecast-mpc",
  minReplicas: 1,
  maxReplicas: 20,
  slo: { seconds: 3, percentile: 95 },
  startCostSeconds: 15,
  targetInFlight: 5,
} as const satisfies Partial<ManagedFunction>;

/** The part of an OpenFaaS `FunctionStatus` that is read here. */
export interface Labelled {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** What `readManagedFunction` found: the function, or what is wrong with its annotations. */
export interface ManagedReading {
  /** Absent when no `replicant.…` annotation asks for care, or when one of them cannot be read. */
  readonly managed?: ManagedFunction;
  /** One sentence for each annotation that cannot be read. */
  readonly problems: readonly string[];
}

/**
 * Reads `replicant.mode`, `.policy`, `.min`, `.max`, `.slo.seconds`, `.slo.percentile` (or both as `.slo.p95-seconds`),
 * `.start-cost-seconds`, `.target-in-flight`; bounds fall back to `com.openfaas.scale.min/max`, the target to
 * `com.openfaas.scale.target` when its type is `capacity`.
 */
export function readManagedFunction(status: Labelled): ManagedReading {
  const annotations = status.annotations ?? {};
  const labels = status.labels ?? {};
  if (!("replicant.mode" in annotations) && !("replicant.policy" in annotations)) return { problems: [] };

  const problems: string[] = [];
  const say = (key: string, want: string, was: string) =>
    problems.push(`${status.name}: ${key} must be ${want}, was: '${was}'`);

  const textOf = (key: string) => (key.startsWith("replicant.") ? annotations : labels)[key];
  const number: ReadNumber = (keys, fallback, { integer, least }) => {
    const key = keys.find((one) => textOf(one) !== undefined);
    if (key === undefined) return fallback;
    const text = textOf(key)!;
    const value = Number(text);
    const fits =
      text.trim() !== "" && Number.isFinite(value) && value >= least && (!integer || Number.isInteger(value));
    if (!fits) say(key, `a ${integer ? "whole " : ""}number of at least ${least}`, text);
    return fits ? value : fallback;
  };

  const modeText = annotations["replicant.mode"] ?? MANAGED_DEFAULTS.mode;
  const mode = MODES.find((known) => known === modeText);
  if (!mode) say("replicant.mode", `one of ${MODES.join(", ")}`, modeText);

  const minReplicas = number(["replicant.min", "com.openfaas.scale.min"], MANAGED_DEFAULTS.minReplicas, {
    integer: true,
    least: 0,
  });
  const usualMaximum = Math.max(MANAGED_DEFAULTS.maxReplicas, minReplicas);
  const maxReplicas = number(["replicant.max", "com.openfaas.scale.max"], usualMaximum, { integer: true, least: 1 });
  if (minReplicas > maxReplicas)
    problems.push(`${status.name}: min (${minReplicas}) must not exceed max (${maxReplicas})`);

  const slo = readSlo(status.name, annotations, { number, problems });
  const startCostSeconds = number(["replicant.start-cost-seconds"], MANAGED_DEFAULTS.startCostSeconds, {
    integer: false,
    least: 0,
  });
  const capacity = labels["com.openfaas.scale.type"] === "capacity" ? ["com.openfaas.scale.target"] : [];
  const targetInFlight = number(["replicant.target-in-flight", ...capacity], MANAGED_DEFAULTS.targetInFlight, {
    integer: false,
    least: 0.01,
  });

  if (problems.length > 0 || !mode) return { problems };
  const managed: ManagedFunction = {
    functionName: status.name,
    namespace: status.namespace ?? "openfaas-fn",
    mode,
    policy: annotations["replicant.policy"] ?? MANAGED_DEFAULTS.policy,
    minReplicas,
    maxReplicas,
    slo,
    startCostSeconds,
    targetInFlight,
  };
  return { managed, problems };
}

/** `keys`: annotations and labels; the first that is there counts. */
type ReadNumber = (keys: readonly string[], fallback: number, range: { integer: boolean; least: number }) => number;

/** The SLO from its two annotations, or from one that gives a 95th percentile; where both are set, they must agree. */
function readSlo(
  functionName: string,
  annotations: Readonly<Record<string, string>>,
  { number, problems }: { readonly number: ReadNumber; readonly problems: string[] },
): Slo {
  const otherwise = MANAGED_DEFAULTS.slo;
  const range = { integer: false, least: 0.001 };
  const p95Seconds = number(["replicant.slo.p95-seconds"], otherwise.seconds, range);
  const seconds = number(["replicant.slo.seconds"], p95Seconds, range);
  const text = annotations["replicant.slo.percentile"];
  const percentile = text === undefined ? otherwise.percentile : SLO_PERCENTILES.find((one) => one === Number(text));
  if (percentile === undefined) {
    problems.push(
      `${functionName}: replicant.slo.percentile must be one of ${SLO_PERCENTILES.join(", ")}, was: '${text}'`,
    );
  }
  if ("replicant.slo.p95-seconds" in annotations && (seconds !== p95Seconds || percentile !== 95)) {
    problems.push(
      `${functionName}: replicant.slo.p95-seconds says otherwise than replicant.slo.seconds and .percentile: keep one of the two`,
    );
  }
  return { seconds, percentile: percentile ?? otherwise.percentile };
}
