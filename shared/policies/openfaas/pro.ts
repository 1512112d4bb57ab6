/** OpenFaaS Standard/Pro's autoscaler, from its public documentation: rps, capacity (in-flight) or CPU. */
import type { ScalingPolicy } from "../../core/policy.ts";
import type { DecidableWindow } from "../../core/window.ts";
import { trimmed } from "../../core/spoken.ts";
import { wholeReplicas } from "../../core/whole-replicas.ts";
import { hold, type Recommendation } from "../words.ts";
import { dimension, type Rule } from "../rule.ts";

/** The metrics that OpenFaaS Pro scales by and windows have. */
export const PRO_TYPES = ["capacity", "rps", "cpu"] as const;
/** One of `PRO_TYPES`. */
export type ProType = (typeof PRO_TYPES)[number];

/** ceil(ready · (mean load per replica ÷ (target · proportion))), inside the bounds. */
export function proReplicas(
  load: number,
  {
    target,
    proportion,
    min,
    max,
  }: { readonly target: number; readonly proportion: number; readonly min: number; readonly max: number },
): number {
  // Ready replicas cancel out: their mean load times their number is the load.
  const wanted = wholeReplicas(load / (target * proportion));
  return Math.min(Math.max(wanted, min), max);
}

/** The down window: a scale-down goes to the largest recommendation recorded in it; 0 s is off. */
export function downWindow(
  earlier: readonly Recommendation[],
  replicas: number,
  downWindowSeconds: number,
  nowMs: number,
): { readonly earlier: readonly Recommendation[]; readonly replicas: number } {
  const sinceMs = nowMs - downWindowSeconds * 1000;
  const kept = [...earlier.filter(({ atMs }) => atMs > sinceMs), { atMs: nowMs, replicas }];
  return { earlier: kept, replicas: Math.max(...kept.map((recommended) => recommended.replicas)) };
}

/** The options of the policy `openfaas-pro`. */
export interface ProOptions {
  readonly name: string;
  readonly type: ProType;
  /**
   * Per replica: in-flight for `capacity` (null: the function's `targetInFlight`), requests per second for `rps`, percent of
   * the CPU request for `cpu` (OpenFaaS takes millicores; a window knows use ÷ request). Null elsewhere: OpenFaaS's 50.
   */
  readonly target: number | null;
  readonly proportion: number;
  readonly downWindowSeconds: number;
  /** With a minimum of 0: to zero after so long without load. */
  readonly zeroDurationSeconds: number;
}

/** OpenFaaS's target where the function has none. */
export const PRO_TARGET = 50;
/** The options that `openfaas-pro` has by default. */
export const PRO_OPTIONS: ProOptions = {
  name: "openfaas-pro",
  type: "capacity",
  target: null,
  proportion: 0.9,
  downWindowSeconds: 0,
  zeroDurationSeconds: 900,
};

/**
 * Load from a window: `capacity` its peak in-flight, `rps` its completions of every kind per second, `cpu` its mean CPU use
 * times the available replicas. Going to zero is a matter of idle time; at zero it is the gateway that wakes a function.
 */
export function proPolicy(options: ProOptions = PRO_OPTIONS): ScalingPolicy {
  const { type, proportion, downWindowSeconds, zeroDurationSeconds } = options;
  let idleSinceMs: number | null = null;
  let earlier: readonly Recommendation[] = [];
  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed, nowMs }) {
      const load = loadOf(window, type);
      if (load.value === null) return hold(window, load.what);
      const isIdle = load.value === 0 && window.arrivals === 0;
      idleSinceMs = isIdle ? (idleSinceMs ?? nowMs - window.windowSeconds * 1000) : null;
      if (idleSinceMs !== null && managed.minReplicas === 0) {
        if (window.desiredReplicas === 0) return { proposedReplicas: 0, because: "idle at zero" };
        const idleSeconds = (nowMs - idleSinceMs) / 1000;
        if (idleSeconds >= zeroDurationSeconds) {
          return { proposedReplicas: 0, because: `idle for ${trimmed(idleSeconds)} s` };
        }
      }
      const target = options.target ?? (type === "capacity" ? managed.targetInFlight : PRO_TARGET);
      const bounds = { min: Math.max(1, managed.minReplicas), max: managed.maxReplicas };
      const recommended = proReplicas(load.value, { target, proportion, ...bounds });
      const held = downWindow(earlier, recommended, downWindowSeconds, nowMs);
      earlier = held.earlier;
      const goesDown = recommended < window.desiredReplicas;
      const proposedReplicas = goesDown ? Math.min(held.replicas, window.desiredReplicas) : recommended;
      const clause = `${load.what} ${trimmed(load.value)}${load.unit} ÷ target ${trimmed(target * proportion)}`;
      return {
        proposedReplicas,
        because: proposedReplicas === recommended ? clause : `${clause} = ${recommended}, held by the down window`,
      };
    },
  };
}

function loadOf(
  window: DecidableWindow,
  type: ProType,
): { readonly what: string; readonly unit: string; readonly value: number | null } {
  switch (type) {
    case "capacity":
      return { what: "in-flight", unit: "", value: window.inFlightMax };
    case "rps": {
      const { completedOk: ok, completedError: failed, windowSeconds } = window;
      const completed =
        ok === null || failed === null ? null : ok + failed["4xx"] + failed["429"] + failed["5xx"] + failed["504"];
      const value = completed === null ? null : completed / windowSeconds;
      return { what: "requests", unit: "/s", value };
    }
    case "cpu": {
      const value = window.cpuRatio === null ? null : window.cpuRatio * 100 * window.availableReplicas;
      return { what: "CPU", unit: " %", value };
    }
  }
}

/** The rule `openfaas-pro`. */
export const openfaasProRule: Rule = {
  usage: "openfaas-pro[:capacity|rps|cpu,target=N,proportion=0.9,down-window=0,zero-duration=900]",
  make(options) {
    const settings = {
      name: options.text,
      type: options.word(PRO_TYPES, PRO_OPTIONS.type),
      target: options.number("target", PRO_OPTIONS.target, { least: 0.01 }),
      proportion: options.number("proportion", PRO_OPTIONS.proportion, { least: 0.01, most: 1 }),
      downWindowSeconds: options.number("down-window", PRO_OPTIONS.downWindowSeconds, { least: 0, most: 300 }),
      zeroDurationSeconds: options.number("zero-duration", PRO_OPTIONS.zeroDurationSeconds, { least: 0 }),
    };
    return () => proPolicy(settings);
  },
  about: "OpenFaaS Pro's autoscaler: capacity, requests a second or CPU",
  tunable: [dimension("proportion", 0.04, 1, 0.01, true), dimension("down-window", 0, 300, 30)],
  compared: ["openfaas-pro"],
};
