/** Perfect knowledge of the load by Little's law: keeps replicas as busy as asked, and ignores the SLO. A scale for counts. */
import type { ScalingPolicy } from "../core/policy.ts";
import { trimmed } from "../core/spoken.ts";
import { wholeReplicas } from "../core/whole-replicas.ts";
import { dimension, type Rule } from "./rule.ts";
import type { Foresight } from "./foresight.ts";

/**
 * Needed replicas N* = ceil(λ · W / u*), λ · W being the work that arrives in a window ÷ its length (method §5). A replica
 * asked for now serves from `startupSeconds` on: so the count is the larger of the need of the coming window and that of the
 * window which begins when the replica is ready.
 */
export function oraclePolicy(foresight: Foresight, name = "oracle"): ScalingPolicy {
  const { schedule, startMs, busySeconds, utilisation, startupSeconds } = foresight;
  const workBefore = cumulated(schedule.work);
  const workBetween = (fromSeconds: number, toSeconds: number) =>
    workBefore[firstAtOrAfter(schedule.offsetSeconds, toSeconds)]! -
    workBefore[firstAtOrAfter(schedule.offsetSeconds, fromSeconds)]!;

  return {
    identity: { name, version: "1" },
    propose({ window, nowMs }) {
      const nowSeconds = (nowMs - startMs) / 1000;
      const busy = [nowSeconds, nowSeconds + startupSeconds].map(
        (fromSeconds) =>
          (workBetween(fromSeconds, fromSeconds + window.windowSeconds) * busySeconds) / window.windowSeconds,
      );
      const most = Math.max(...busy);
      return {
        proposedReplicas: wholeReplicas(most / utilisation),
        because: `${trimmed(most)} busy replicas ahead ÷ utilisation ${trimmed(utilisation)}`,
      };
    },
  };
}

function cumulated(work: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(work.length + 1);
  for (let i = 0; i < work.length; i++) sums[i + 1] = sums[i]! + work[i]!;
  return sums;
}

/** Index of the first instant that is not before `seconds`; the length when there is none. */
function firstAtOrAfter(ascending: ArrayLike<number>, seconds: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The rule `oracle`. */
export const oracleRule: Rule = {
  usage: "oracle[:utilisation=0.7]",
  make(options, { foresight }) {
    if (foresight === undefined) throw options.problem("the future is only known in a simulation or an evaluation");
    const utilisation = options.number("utilisation", foresight.utilisation, { least: 0.01, most: 1 });
    return () => oraclePolicy({ ...foresight, utilisation }, options.text);
  },
  about: "knows the load to come and keeps replicas at a utilisation: a scale for counts",
  tunable: [dimension("utilisation", 0.1, 0.95, 0.01)],
  compared: [],
};
