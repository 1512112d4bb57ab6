/**
 * What may come next, judging by this load's own past: whatever followed a window that looked like the present one is a scenario,
 * weighted by how alike the two are and how long ago it was. So a load that returns to what it was, that comes in bursts or that keeps
 * a rhythm is forecast by what followed then; one that was never here before, by the present alone.
 */

/** So many requests in a window, with a probability. */
export interface Scenario {
  readonly chance: number;
  readonly arrivals: number;
}

/** What makes an earlier window like the present one. */
export interface ForecastSettings {
  /** Windows after which a likeness counts half. */
  readonly halfLife: number;
  /** Two windows are alike within such a difference of ln arrivals, beside what chance makes of their counts. */
  readonly likeness: number;
  /** What a window before counts, against the one after it, when two pasts are compared; 0 compares the last windows alone. */
  readonly depth: number;
}

/** The weight of the present itself, in windows exactly like it. */
const PRESENT_WEIGHT = 1;
/** Likenesses below this are none; nor is what is compared with less. */
const MIN_WEIGHT = 0.02;
/** Standard deviations within which a count is no change. */
const DOUBT = 1.5;
/** So many windows before the present one define what is usual now. */
const LATELY = 10;
/** What happened once may have been an accident, what happened twice is a pattern: the weight of an accident. */
const ONCE = 0.05;
/** Times the present: a rise worth having replicas ready for. */
const MUCH_MORE = 1.5;
/** Windows so close together belong to one occasion. */
const SAME_OCCASION = 4;
/** Counts within a tenth of one another are one scenario. */
const GRAIN = 0.1;

/** Scenarios for each of the windows 1…`windows` ahead; their chances sum to 1. `past`: arrivals of each window, the present last. */
export function forecast(
  past: readonly number[],
  windows: number,
  settings: ForecastSettings,
): readonly (readonly Scenario[])[] {
  const last = past.length - 1;
  const present = believed(past[last]!, meanOf(past.slice(-1 - LATELY, -1)) ?? past[last]!);
  const alike = likenesses(past, settings);
  return Array.from({ length: windows }, (_, i) => {
    const followed: Follower[] = [];
    for (let at = 0; at < last - i; at++) {
      const weight = alike[at]!;
      if (weight < MIN_WEIGHT) continue;
      followed.push({ weight, at: at + i + 1, arrivals: believed(past[at + i + 1]!, present) });
    }
    return merged([{ weight: PRESENT_WEIGHT, arrivals: present }, ...withoutAccidents(followed, present)]);
  });
}

interface Weighted {
  readonly weight: number;
  readonly arrivals: number;
}

/** A window of the past, as many after one that is like the present as the window ahead is after the present. */
interface Follower extends Weighted {
  readonly at: number;
}

function withoutAccidents(followed: readonly Follower[], present: number): readonly Weighted[] {
  const isRise = ({ arrivals }: Weighted) => arrivals > MUCH_MORE * (present + 1);
  const rises = followed.filter(isRise);
  const occasions = rises.filter(({ at }, i) => i === 0 || at - rises[i - 1]!.at > SAME_OCCASION).length;
  if (occasions !== 1) return followed;
  return followed.map((one) => (isRise(one) ? { ...one, weight: ONCE * one.weight } : one));
}

/** Those that are nearly equal are one. */
function merged(all: readonly Weighted[]): Scenario[] {
  const byGrain = new Map<number, { weight: number; sum: number }>();
  let whole = 0;
  for (const { weight, arrivals } of all) {
    const grain = Math.round(Math.log(arrivals + 1) / GRAIN);
    const one = byGrain.get(grain) ?? { weight: 0, sum: 0 };
    one.weight += weight;
    one.sum += weight * arrivals;
    whole += weight;
    byGrain.set(grain, one);
  }
  return [...byGrain.values()].map(({ weight, sum }) => ({ chance: weight / whole, arrivals: sum / weight }));
}

/**
 * How much each window but the last was like the last, with what came before both. The inner loop runs some ten thousand times for each
 * function in each window: typed arrays.
 */
function likenesses(past: readonly number[], { halfLife, likeness, depth }: ForecastSettings): Float64Array {
  const last = past.length - 1;
  const logs = new Float64Array(past.length);
  const spreads = new Float64Array(past.length);
  for (let at = 0; at <= last; at++) {
    logs[at] = Math.log(past[at]! + 1);
    spreads[at] = likeness ** 2 / 2 + 0.5 / (past[at]! + 1);
  }
  const alike = new Float64Array(last);
  for (let at = 0; at < last; at++) {
    let distance = 0;
    let whole = 0;
    for (let back = 0, weight = 1; back <= at && weight >= MIN_WEIGHT; back++, weight *= depth) {
      const difference = logs[at - back]! - logs[last - back]!;
      distance += (weight * difference * difference) / (spreads[at - back]! + spreads[last - back]!);
      whole += weight;
    }
    alike[at] = Math.exp(-distance / whole / 2) * 0.5 ** ((last - at) / halfLife);
  }
  return alike;
}

function meanOf(counts: readonly number[]): number | null {
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0) / counts.length;
}

/** The count nearest to `now` that a count of `then` allows: chance alone is no change. */
function believed(then: number, now: number): number {
  const root = Math.sqrt(then + 3 / 8);
  const [least, most] = [Math.max(0, root - DOUBT / 2) ** 2, (root + DOUBT / 2) ** 2];
  return Math.min(most, Math.max(least, now));
}
