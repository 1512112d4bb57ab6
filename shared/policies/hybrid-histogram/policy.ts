/** Hybrid histogram for *whether* to be warm, KPA for *how many*. */
import type { PolicyAnswer, ScalingPolicy } from "../../core/policy.ts";
import { KPA_OPTIONS, kpaPolicy } from "../kpa/kpa.ts";
import { trimmed } from "../../core/spoken.ts";
import { EMPTY_HISTOGRAM, recordIdle, warmSpan } from "./histogram.ts";
import type { Rule } from "../rule.ts";

/**
 * A window with arrivals or work in flight is busy and KPA's count is kept, at least one. In an idle one KPA's 0 becomes 1
 * inside the warm span. Idle time runs from the end of the last busy window to that of the next, by half a window too long
 * at most; a window whose in-flight was not measured counts by its arrivals alone.
 */
export function hybridHistogramPolicy(name = "hybrid-histogram"): ScalingPolicy {
  const kpa = kpaPolicy({ ...KPA_OPTIONS, name });
  let histogram = EMPTY_HISTOGRAM;
  let lastBusyMs: number | null = null;
  return {
    identity: { name, version: "1" },
    propose(input): PolicyAnswer {
      const { window, nowMs } = input;
      const counted = kpa.propose(input);
      const windowStartMs = nowMs - window.windowSeconds * 1000;
      if (window.arrivals > 0 || (window.inFlightMax ?? 0) > 0) {
        if (lastBusyMs !== null && windowStartMs > lastBusyMs)
          histogram = recordIdle(histogram, (windowStartMs - lastBusyMs) / 60_000);
        lastBusyMs = nowMs;
        return { ...counted, proposedReplicas: Math.max(1, counted.proposedReplicas) };
      }
      if (counted.proposedReplicas > 0) return counted;
      const idleMinutes = lastBusyMs === null ? 0 : (nowMs - lastBusyMs) / 60_000;
      const { kind, prewarmMinutes, untilMinutes } = warmSpan(histogram);
      const warm = idleMinutes >= prewarmMinutes && idleMinutes < untilMinutes;
      return {
        proposedReplicas: warm ? 1 : 0,
        because: `idle for ${trimmed(idleMinutes)} min, warm from ${trimmed(prewarmMinutes)} to ${trimmed(untilMinutes)} min (${kind})`,
      };
    },
  };
}

/** The rule `hybrid-histogram`. */
export const hybridHistogramRule: Rule = {
  usage: "hybrid-histogram",
  make(options) {
    return () => hybridHistogramPolicy(options.text);
  },
  about: "keeps warm by a histogram of idle times (Shahrad et al. 2020), counts as KPA does",
  tunable: [],
  compared: ["hybrid-histogram"],
};
