/** KPA on a stream of samples: its two windows, its decision, and the policy that feeds it with windows. */
import type { ScalingPolicy } from "../../core/policy.ts";
import type { DecidableWindow } from "../../core/window.ts";
import { trimmed } from "../../core/spoken.ts";
import { hold } from "../words.ts";
import { decideKpa, KPA_DEFAULTS, startKpaState, type KpaDecision, type KpaSpec, type KpaState } from "./decision.ts";
import { resolveTarget, TARGET_DEFAULTS, type KpaMetric } from "./target.ts";
import { average, bucketWindow, isEmpty, record, type BucketWindow } from "./windows.ts";
import { PolicyOptions } from "../options.ts";
import { dimension, type Rule } from "../rule.ts";

/** The settings of an autoscaler that samples its metric itself. */
export interface KpaRunSpec extends KpaSpec {
  readonly panicWindowSeconds: number;
  /** How often samples come: 1 s in Knative, 2 s from ticks, the window's length from windows. */
  readonly sampleSeconds: number;
}

/** An autoscaler's memory: its state and both windows. */
export interface KpaRun {
  readonly state: KpaState;
  readonly stable: BucketWindow;
  readonly panic: BucketWindow;
}

/** An autoscaler that begins with so many ready replicas. */
export function startKpa(spec: KpaRunSpec, ready: number, nowMs: number): KpaRun {
  return {
    state: startKpaState(ready, nowMs, spec),
    stable: bucketWindow(spec.stableWindowSeconds, spec.sampleSeconds),
    panic: bucketWindow(spec.panicWindowSeconds, spec.sampleSeconds),
  };
}

/** What one step of the autoscaler decided, and from what. */
export interface KpaStep {
  readonly run: KpaRun;
  readonly decision: KpaDecision;
  /** The averages decided on; null when nothing was written for longer than the stable window. */
  readonly stable: number | null;
  readonly panic: number | null;
}

/**
 * One decision. `value` is the load of the whole function (in-flight, or requests per second); null where it was not
 * measured: then the averages of what is left in the windows are used, until they are empty and the decision is invalid.
 */
export function tickKpa(
  run: KpaRun,
  { value, ready }: { readonly value: number | null; readonly ready: number | null },
  spec: KpaRunSpec,
  nowMs: number,
): KpaStep {
  const stableWindow = value === null ? run.stable : record(run.stable, value, nowMs);
  const panicWindow = value === null ? run.panic : record(run.panic, value, nowMs);
  const noData = isEmpty(stableWindow, nowMs);
  const stable = noData ? null : average(stableWindow, nowMs);
  const panic = noData ? null : average(panicWindow, nowMs);
  const { state, decision } = decideKpa(run.state, { stable, panic, ready }, spec, nowMs);
  return { run: { state, stable: stableWindow, panic: panicWindow }, decision, stable, panic };
}

/** The options of the policy `kpa`. */
export interface KpaOptions {
  readonly name: string;
  readonly metric: KpaMetric;
  /** In-flight (or requests per second) one replica carries at full use; null: the function's `targetInFlight` (or Knative's 200/s). */
  readonly target: number | null;
  readonly utilisation: number;
  readonly stableWindowSeconds: number;
  readonly panicWindowShare: number;
  readonly panicThresholdRatio: number;
  readonly maxScaleUpRate: number;
  readonly maxScaleDownRate: number;
  readonly scaleDownDelaySeconds: number;
  readonly activationScale: number;
}

/** The options that `kpa` has by default. */
export const KPA_OPTIONS: KpaOptions = {
  name: "kpa",
  metric: "concurrency",
  target: null,
  utilisation: 0.7,
  stableWindowSeconds: KPA_DEFAULTS.stableWindowSeconds,
  panicWindowShare: 0.1,
  panicThresholdRatio: KPA_DEFAULTS.panicThresholdRatio,
  maxScaleUpRate: KPA_DEFAULTS.maxScaleUpRate,
  maxScaleDownRate: KPA_DEFAULTS.maxScaleDownRate,
  scaleDownDelaySeconds: KPA_DEFAULTS.scaleDownDelaySeconds,
  activationScale: KPA_DEFAULTS.activationScale,
};

/** The spec for samples every `sampleSeconds`; the panic window is at least one sample and one second long. */
export function kpaSpec(options: KpaOptions, targetInFlight: number, sampleSeconds: number): KpaRunSpec {
  const { name: _name, metric, target, utilisation, panicWindowShare, ...rest } = options;
  const own = target ?? (metric === "concurrency" ? targetInFlight : null);
  const resolved = resolveTarget({ metric, containerConcurrency: 0, target: own, utilisation }, TARGET_DEFAULTS);
  const panicWindowSeconds = Math.max(1, sampleSeconds, Math.round(rest.stableWindowSeconds * panicWindowShare));
  return { ...KPA_DEFAULTS, ...rest, ...resolved, panicWindowSeconds, sampleSeconds };
}

/**
 * KPA at window cadence. A window is one sample: `inFlightMean` (or completions per second); so the stable average spans
 * two windows of 30 s, and the panic average is the last one. Not measured: KPA keeps its last decision.
 */
export function kpaPolicy(options: KpaOptions = KPA_OPTIONS): ScalingPolicy {
  let run: KpaRun | null = null;
  let last: number | null = null;
  const unit = options.metric === "rps" ? "rps" : "in-flight";
  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed, nowMs }) {
      const spec = kpaSpec(options, managed.targetInFlight, window.windowSeconds);
      run ??= startKpa(spec, window.availableReplicas, nowMs);
      const step = tickKpa(
        run,
        { value: loadOf(window, options.metric), ready: window.availableReplicas },
        spec,
        nowMs,
      );
      run = step.run;
      if (step.decision.kind === "invalid" || step.stable === null || step.panic === null) {
        return last === null
          ? hold(window, unit)
          : { proposedReplicas: last, because: `${unit} not measured: as before` };
      }
      const { desired, panicking } = step.decision;
      last = desired;
      const target = trimmed(spec.targetValue);
      const because =
        `${unit} ${trimmed(step.stable)} over ${spec.stableWindowSeconds} s, ${trimmed(step.panic)} over ` +
        `${spec.panicWindowSeconds} s ÷ target ${target}${panicking ? ", in panic" : ""}`;
      return { proposedReplicas: desired, because };
    },
  };
}

function loadOf(window: DecidableWindow, metric: KpaMetric): number | null {
  return metric === "rps" ? window.throughputRps : window.inFlightMean;
}

/** The rule `kpa`. */
export const kpaRule: Rule = {
  usage:
    "kpa[:concurrency|rps,target=N,utilisation=0.7,stable=60,panic=0.1,threshold=2,up=1000,down=2,delay=0,activation=1]",
  make(options) {
    const settings = kpaOptions(options);
    return () => kpaPolicy(settings);
  },
  about: "Knative's autoscaler: stable and panic windows over concurrency or requests a second",
  tunable: [
    dimension("utilisation", 0.04, 1, 0.01, true),
    dimension("stable", 30, 240, 6),
    dimension("threshold", 1.2, 4, 0.1),
    dimension("delay", 0, 300, 30),
  ],
  compared: ["kpa", "kpa@30s"],
};

/** KPA's options from its name, for callers that run it at another pace than a window's. */
export function kpaOptionsByName(text: string): KpaOptions {
  const options = new PolicyOptions(text);
  const settings = kpaOptions(options);
  options.done();
  return settings;
}

function kpaOptions(options: PolicyOptions): KpaOptions {
  const otherwise = KPA_OPTIONS;
  return {
    name: options.text,
    metric: options.word(["concurrency", "rps"], otherwise.metric),
    target: options.number("target", otherwise.target, { least: 0.01 }),
    utilisation: options.number("utilisation", otherwise.utilisation, { least: 0.01, most: 1 }),
    stableWindowSeconds: options.number("stable", otherwise.stableWindowSeconds, { least: 6, most: 3600, whole: true }),
    panicWindowShare: options.number("panic", otherwise.panicWindowShare, { least: 0.01, most: 1 }),
    panicThresholdRatio: options.number("threshold", otherwise.panicThresholdRatio, { least: 1.1, most: 10 }),
    maxScaleUpRate: options.number("up", otherwise.maxScaleUpRate, { least: 1.01 }),
    maxScaleDownRate: options.number("down", otherwise.maxScaleDownRate, { least: 1.01 }),
    scaleDownDelaySeconds: options.number("delay", otherwise.scaleDownDelaySeconds, { least: 0, most: 3600 }),
    activationScale: options.number("activation", otherwise.activationScale, { least: 1, whole: true }),
  };
}
