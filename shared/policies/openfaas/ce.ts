/** OpenFaaS CE's alert rule, fed with windows. */
import type { ScalingPolicy } from "../../core/policy.ts";
import { trimmed } from "../../core/spoken.ts";
import { hold } from "../words.ts";
import { CE_CAP, CE_FACTOR_PERCENT, ceStep } from "./ce-step.ts";
import { dimension, type Rule } from "../rule.ts";

/** The options of the policy `openfaas-ce`. */
export interface CeOptions {
  readonly name: string;
  readonly thresholdRps: number;
  readonly factorPercent: number;
  readonly cap: number;
}

/** The options that `openfaas-ce` has by default. */
export const CE_OPTIONS: CeOptions = {
  name: "openfaas-ce",
  thresholdRps: 5,
  factorPercent: CE_FACTOR_PERCENT,
  cap: CE_CAP,
};

/**
 * At window cadence: a window with more than 5 successful invocations per second fires, and repeats its step with each
 * window, as Alertmanager repeats it every 30 s; the first window below resolves. Only successes count, so an overloaded
 * function that fails scales down: that is the rule. Before any alert the count is left alone.
 */
export function cePolicy(options: CeOptions = CE_OPTIONS): ScalingPolicy {
  const { thresholdRps, factorPercent, cap } = options;
  let firing = false;
  return {
    identity: { name: options.name, version: "1" },
    propose({ window, managed }) {
      const { throughputRps } = window;
      if (throughputRps === null) return hold(window, "throughput");
      const { minReplicas, maxReplicas } = managed;
      const scale = { current: window.desiredReplicas, minReplicas, maxReplicas, factorPercent, cap };
      const high = throughputRps > thresholdRps;
      const clause = `${trimmed(throughputRps)} successes/s ${high ? ">" : "≤"} ${trimmed(thresholdRps)}`;
      if (high) {
        firing = true;
        return { proposedReplicas: ceStep({ ...scale, status: "firing" }), because: `${clause}: alert fires` };
      }
      if (!firing) return { proposedReplicas: window.desiredReplicas, because: `${clause}: no alert` };
      firing = false;
      return { proposedReplicas: ceStep({ ...scale, status: "resolved" }), because: `${clause}: alert resolved` };
    },
  };
}

/** The rule `openfaas-ce`. */
export const openfaasCeRule: Rule = {
  usage: "openfaas-ce[:rps=5,factor=10,cap=5]",
  make(options) {
    const settings = {
      name: options.text,
      thresholdRps: options.number("rps", CE_OPTIONS.thresholdRps, { least: 0 }),
      factorPercent: options.number("factor", CE_OPTIONS.factorPercent, { least: 0, most: 100 }),
      cap: options.number("cap", CE_OPTIONS.cap, { least: 1, whole: true }),
    };
    return () => cePolicy(settings);
  },
  about: "OpenFaaS Community Edition's alert rule: a step up while requests a second exceed a threshold",
  tunable: [dimension("rps", 0.5, 20, 0.1, true), dimension("factor", 5, 100, 5)],
  compared: ["openfaas-ce"],
};
