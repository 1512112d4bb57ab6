/** How sure a live run is of its score: another half hour of such windows would have brought another. */
import type { Random } from "../../../core/random.ts";
import { failuresOf } from "../../../core/window.ts";
import { quantile } from "../../../sim/calibration/statistics.ts";
import type { WindowRow } from "../../run/record.ts";

/** The central 95 % of a score's resamples. */
export type Interval = readonly [low: number, high: number];

/** An interval for each score of a policy. */
export interface ScoreIntervals {
  readonly sloViolationShare: Interval;
  readonly replicaSeconds: Interval;
}

type JudgedWindow = Pick<WindowRow, "late" | "completedOk" | "completedError" | "desiredReplicas">;

const RESAMPLES = 1_000;
const TAIL = 0.025;

/** 95 % of the scores that resampled windows come to (percentile bootstrap); null where no window was measured. */
export function scoreIntervals(
  windows: readonly JudgedWindow[],
  windowSeconds: number,
  random: Random,
): ScoreIntervals | null {
  const measured = windows.flatMap(({ late, completedOk, completedError, desiredReplicas }) => {
    if (late.share === null || completedOk === null || completedError === null || desiredReplicas === null) return [];
    const ended = completedOk + failuresOf(completedError);
    return [{ ended, broken: late.share * ended, replicas: desiredReplicas }];
  });
  if (measured.length === 0) return null;
  const draws = Array.from({ length: RESAMPLES }, () => {
    let [ended, broken, replicas] = [0, 0, 0];
    for (let n = 0; n < measured.length; n++) {
      const drawn = measured[random.integer(measured.length)]!;
      ended += drawn.ended;
      broken += drawn.broken;
      replicas += drawn.replicas;
    }
    const meanReplicas = replicas / measured.length;
    return { share: ended === 0 ? 0 : broken / ended, replicaSeconds: meanReplicas * windows.length * windowSeconds };
  });
  const middle = (values: readonly number[]): Interval => [quantile(values, TAIL)!, quantile(values, 1 - TAIL)!];
  return {
    sloViolationShare: middle(draws.map(({ share }) => share)),
    replicaSeconds: middle(draws.map(({ replicaSeconds }) => replicaSeconds)),
  };
}

/** Each score lies in the other's interval: chance alone may have put the two in their order. */
export function areAlike(a: number, ofA: Interval, b: number, ofB: Interval): boolean {
  const holds = ([low, high]: Interval, value: number) => low <= value && value <= high;
  return holds(ofA, b) && holds(ofB, a);
}
