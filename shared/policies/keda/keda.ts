/** KEDA with one trigger on in-flight invocations: activation by KEDA, the rest by an HPA on `AverageValue`. */
import type { ScalingPolicy } from "../../core/policy.ts";
import { applyBehaviour, DEFAULT_BEHAVIOUR } from "../hpa/behaviour.ts";
import { HPA_TOLERANCE, replicasFromAverageValue, replicasFromValue } from "../hpa/replicas.ts";
import { trimmed } from "../../core/spoken.ts";
import { hold, type Recommendation } from "../words.ts";
import { activityOf, KEDA_DEFAULTS, pollKeda, type KedaSpec, type KedaState } from "./activation.ts";
import { HAPPY, readTrigger, type KedaFallback, type TriggerHealth, FALLBACK_BEHAVIOURS } from "./fallback.ts";
import { dimension, type Rule } from "../rule.ts";

/** A ScaledObject with one trigger. */
export interface KedaRunSpec extends KedaSpec {
  readonly threshold: number;
  readonly type: "AverageValue" | "Value";
  readonly fallback: KedaFallback | null;
}

/** What KEDA and its HPA remember; plain data. */
export interface KedaRun {
  readonly state: KedaState;
  readonly health: TriggerHealth;
  /** What the HPA recommended, for its down window of 300 s. */
  readonly earlier: readonly Recommendation[];
}

/** The state before the first step. */
export const startKeda = (): KedaRun => ({ state: { lastActiveMs: null }, health: HAPPY, earlier: [] });

/** What one step of KEDA and its HPA decided. */
export interface KedaStep {
  readonly run: KedaRun;
  /** Null: no change. */
  readonly desired: number | null;
  readonly by: "keda" | "hpa" | "error";
  readonly fallback: boolean;
}

/** One poll (KEDA's default period is 30 s) and the HPA's answer to it. `metric` null: the trigger could not be read. */
export function tickKeda(
  run: KedaRun,
  { metric, current, ready }: { readonly metric: number | null; readonly current: number; readonly ready: number },
  spec: KedaRunSpec,
  nowMs: number,
): KedaStep {
  const { threshold: target, type, fallback } = spec;
  const { health, reading } = readTrigger(run.health, metric, { target, type, current, ready, fallback });
  const polled = pollKeda(run.state, activityOf(metric, spec), current, spec, nowMs);
  const next = { ...run, state: polled.state, health };
  const isFallback = reading.kind === "metric" && reading.fallback;
  if (polled.set !== null) return { run: next, desired: polled.set, by: "keda", fallback: isFallback };
  if (reading.kind === "error") return { run: next, desired: null, by: "error", fallback: false };
  if (current === 0) return { run: next, desired: 0, by: "keda", fallback: isFallback };

  const bounds = { min: Math.max(1, spec.minReplicas), max: spec.maxReplicas };
  const counted =
    type === "Value"
      ? replicasFromValue(reading.value, target, { current, ready }, HPA_TOLERANCE)
      : replicasFromAverageValue(reading.value, target, current, HPA_TOLERANCE);
  const recommended = Math.min(Math.max(counted, bounds.min), bounds.max);
  const known = run.earlier.length === 0 ? [{ atMs: nowMs, replicas: current }] : run.earlier;
  // No events: KEDA polls every 30 s, and the HPA's default periods are 15 s.
  const desired = applyBehaviour(recommended, current, known, { up: [], down: [] }, DEFAULT_BEHAVIOUR, bounds, nowMs);
  const sinceMs = nowMs - DEFAULT_BEHAVIOUR.down.stabilisationSeconds * 1000;
  const earlier = [...known.filter(({ atMs }) => atMs >= sinceMs), { atMs: nowMs, replicas: recommended }];
  return { run: { ...next, earlier }, desired, by: "hpa", fallback: isFallback };
}

/** The options of the policy `keda`. */
export interface KedaOptions {
  readonly name: string;
  /** In-flight per replica; null: the function's `targetInFlight`. */
  readonly threshold: number | null;
  readonly activationThreshold: number;
  readonly cooldownSeconds: number;
  readonly fallback: KedaFallback | null;
}

/** The options that `keda` has by default. */
export const KEDA_OPTIONS: KedaOptions = {
  name: "keda",
  threshold: null,
  activationThreshold: KEDA_DEFAULTS.activationThreshold,
  cooldownSeconds: KEDA_DEFAULTS.cooldownSeconds,
  fallback: null,
};

/**
 * The trigger is `inFlightMean` of the whole function; minimum and maximum are the function's. Where it was not measured
 * the trigger fails (as with `ignoreNullValues: false`; KEDA's own default would read it as 0 and scale down).
 */
export function kedaPolicy(options: KedaOptions = KEDA_OPTIONS): ScalingPolicy {
  let run = startKeda();
  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed, nowMs }) {
      const threshold = options.threshold ?? managed.targetInFlight;
      const { minReplicas, maxReplicas } = managed;
      const spec: KedaRunSpec = {
        ...options,
        minReplicas,
        maxReplicas,
        idleReplicas: null,
        threshold,
        type: "AverageValue",
      };
      const sample = { metric: window.inFlightMean, current: window.desiredReplicas, ready: window.availableReplicas };
      const step = tickKeda(run, sample, spec, nowMs);
      run = step.run;
      if (step.desired === null) return hold(window, "in-flight");
      const clause = `in-flight ${window.inFlightMean === null ? "unknown" : trimmed(window.inFlightMean)} ÷ threshold ${trimmed(threshold)}`;
      const who = step.fallback ? ", fallback" : step.by === "keda" ? ", activation" : "";
      return { proposedReplicas: step.desired, because: clause + who };
    },
  };
}

/** The rule `keda`. */
export const kedaRule: Rule = {
  usage: "keda[:threshold=N,activation=0,cooldown=300,fallback=N,failures=3,behaviour=static]",
  make(options) {
    const replicas = options.number("fallback", null, { least: 0, whole: true });
    const failureThreshold = options.number("failures", 3, { least: 0, whole: true });
    const behaviour = options.choice("behaviour", FALLBACK_BEHAVIOURS, "static");
    const settings = {
      name: options.text,
      threshold: options.number("threshold", KEDA_OPTIONS.threshold, { least: 0.01 }),
      activationThreshold: options.number("activation", KEDA_OPTIONS.activationThreshold, { least: 0 }),
      cooldownSeconds: options.number("cooldown", KEDA_OPTIONS.cooldownSeconds, { least: 0 }),
      fallback: replicas === null ? null : { failureThreshold, replicas, behaviour },
    };
    return () => kedaPolicy(settings);
  },
  about: "KEDA with a Prometheus trigger on requests in flight, through an HPA",
  tunable: [dimension("threshold", 0.1, 10, 0.05, true)],
  compared: ["keda"],
};
