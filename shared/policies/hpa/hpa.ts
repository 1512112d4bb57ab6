/** The Kubernetes HPA on CPU utilisation, fed with windows. */
import type { ScalingPolicy } from "../../core/policy.ts";
import type { DecidableWindow } from "../../core/window.ts";
import { trimmed } from "../../core/spoken.ts";
import { hold, type Recommendation } from "../words.ts";
import {
  applyBehaviour,
  applyWithoutBehaviour,
  beforeMetrics,
  DEFAULT_BEHAVIOUR,
  type HpaBehaviour,
  type ScaleEvent,
  type ScaleEvents,
  type ScalingRules,
} from "./behaviour.ts";
import { HPA_TOLERANCE, replicasFromPods, type PodReading } from "./replicas.ts";
import { dimension, type Rule } from "../rule.ts";

/** The options of the policy `hpa`. */
export interface HpaOptions {
  readonly name: string;
  /** Percent of the CPU request. */
  readonly cpuPercent: number;
  readonly tolerance: number;
  /** `none`: an HPA without `behavior`, which still waits before it scales down. */
  readonly behaviour: HpaBehaviour | { readonly kind: "none"; readonly downStabilisationSeconds: number };
}

/** The options that `hpa` has by default. */
export const HPA_OPTIONS: HpaOptions = {
  name: "hpa",
  cpuPercent: 70,
  tolerance: HPA_TOLERANCE,
  behaviour: DEFAULT_BEHAVIOUR,
};

/**
 * Each available replica is a ready pod with the window's mean `cpuRatio`; replicas desired but not yet available are
 * unready pods, which count as idle on a scale-up. Events of the `behavior` rules are the changes of the desired count
 * from one window to the next, since what the policy recommended may have been bounded on its way. One decision a window
 * (the controller's own period is 15 s).
 */
export function hpaPolicy(options: HpaOptions = HPA_OPTIONS): ScalingPolicy {
  const { cpuPercent, tolerance, behaviour } = options;
  let earlier: readonly Recommendation[] = [];
  let events: ScaleEvents = { up: [], down: [] };
  let before: { readonly atMs: number; readonly desired: number } | null = null;

  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed, nowMs }) {
      const current = window.desiredReplicas;
      const bounds = { min: managed.minReplicas, max: managed.maxReplicas };
      if (before !== null) events = withChange(events, before.atMs, current - before.desired);
      before = { atMs: nowMs, desired: current };
      // The count found first is a recommendation, measured or not: a controller that restarts does not scale down at once.
      if (earlier.length === 0) earlier = [{ atMs: nowMs, replicas: current }];

      const first = beforeMetrics(current, bounds);
      if (first.kind === "disabled")
        return { proposedReplicas: 0, because: "scaled to 0 by hand: the HPA is disabled" };
      if (first.kind === "set")
        return { proposedReplicas: first.replicas, because: `${current} is outside ${bounds.min}…${bounds.max}` };
      if (window.cpuRatio === null) return hold(window, "CPU use");
      const target = { kind: "utilisation", value: cpuPercent } as const;
      const counted = replicasFromPods(podsOf(window, window.cpuRatio), target, current, tolerance);
      if (counted === null) return hold(window, "CPU use of ready replicas");

      const recommended = Math.min(Math.max(counted, bounds.min), bounds.max);
      const proposedReplicas =
        "kind" in behaviour
          ? applyWithoutBehaviour(recommended, current, earlier, bounds, nowMs, behaviour.downStabilisationSeconds)
          : applyBehaviour(recommended, current, earlier, events, behaviour, bounds, nowMs);
      earlier = [
        ...earlier.filter(({ atMs }) => atMs >= nowMs - longestWindowSeconds(behaviour) * 1000),
        { atMs: nowMs, replicas: recommended },
      ];
      const percent = trimmed(window.cpuRatio * 100);
      const because = `CPU ${percent} % ÷ target ${trimmed(cpuPercent)} % on ${window.availableReplicas} ready = ${counted}`;
      return {
        proposedReplicas,
        because: proposedReplicas === recommended ? because : `${because}, stabilised or limited`,
      };
    },
  };
}

function longestWindowSeconds(behaviour: HpaOptions["behaviour"]): number {
  if ("kind" in behaviour) return behaviour.downStabilisationSeconds;
  return Math.max(behaviour.up.stabilisationSeconds, behaviour.down.stabilisationSeconds);
}

/** Two kinds, however many there are: a count comes from outside, so the work must not grow with it. */
function podsOf({ availableReplicas, desiredReplicas }: DecidableWindow, cpuRatio: number): readonly PodReading[] {
  const starting = Math.max(0, desiredReplicas - availableReplicas);
  return [
    { use: cpuRatio, request: 1, count: availableReplicas },
    { use: null, request: 1, standing: "unready", count: starting },
  ];
}

const KEPT_MS = 3_600_000;

function withChange({ up, down }: ScaleEvents, atMs: number, change: number): ScaleEvents {
  const event: ScaleEvent = { atMs, replicas: Math.abs(change) };
  const fresh = (list: readonly ScaleEvent[]) => list.filter((older) => older.atMs > atMs - KEPT_MS);
  return {
    up: change > 0 ? [...fresh(up), event] : fresh(up),
    down: change < 0 ? [...fresh(down), event] : fresh(down),
  };
}

/** The rule `hpa`. */
export const hpaRule: Rule = {
  usage: "hpa[:cpu=70,tolerance=0.1,behaviour=default,up-window=0,down-window=300]",
  make(options) {
    const window = (key: string, { stabilisationSeconds }: ScalingRules) =>
      options.number(key, stabilisationSeconds, { least: 0, most: 3600 });
    const { up, down } = DEFAULT_BEHAVIOUR;
    const downWindow = window("down-window", down);
    const settings: HpaOptions = {
      name: options.text,
      cpuPercent: options.number("cpu", HPA_OPTIONS.cpuPercent, { least: 1, most: 1000 }),
      tolerance: options.number("tolerance", HPA_OPTIONS.tolerance, { least: 0, most: 1 }),
      behaviour:
        options.choice("behaviour", ["default", "none"], "default") === "none"
          ? { kind: "none", downStabilisationSeconds: downWindow }
          : {
              up: { ...up, stabilisationSeconds: window("up-window", up) },
              down: { ...down, stabilisationSeconds: downWindow },
            },
    };
    return () => hpaPolicy(settings);
  },
  about: "Kubernetes' HorizontalPodAutoscaler (autoscaling/v2) on CPU",
  tunable: [
    dimension("cpu", 10, 95, 1),
    dimension("tolerance", 0, 0.3, 0.01),
    dimension("up-window", 0, 120, 30),
    dimension("down-window", 0, 600, 30),
  ],
  compared: ["hpa"],
};
