/** KPA's sliding windows: buckets of equal width, averaged linearly or with weights that favour the newest. */

/** Plain data; buckets are kept sparse, by their number since the epoch, ascending. */
export interface BucketWindow {
  readonly granularitySeconds: number;
  /** Length in buckets. */
  readonly length: number;
  readonly buckets: readonly { readonly index: number; readonly sum: number }[];
  /** First write since the window was last empty; null before any. */
  readonly firstIndex: number | null;
  readonly lastIndex: number | null;
}

/** An empty window of buckets of `granularitySeconds` each. */
export function bucketWindow(windowSeconds: number, granularitySeconds: number): BucketWindow {
  // The ceiling, as in Knative: a window is never shorter than asked for. 0.3 / 0.1 is 2.99… or 3.00… in binary.
  const length = Math.max(1, Math.ceil(windowSeconds / granularitySeconds - 1e-9));
  return { granularitySeconds, length, buckets: [], firstIndex: null, lastIndex: null };
}

const indexOf = (window: BucketWindow, nowMs: number) => Math.floor(nowMs / (window.granularitySeconds * 1000));

/** Adds to the bucket of `nowMs`. A value older than the window is ignored; silence as long as the window empties it. */
export function record(window: BucketWindow, value: number, nowMs: number): BucketWindow {
  const index = indexOf(window, nowMs);
  const { firstIndex, lastIndex, length } = window;
  if (firstIndex === null || lastIndex === null || index - lastIndex >= length) {
    return { ...window, buckets: [{ index, sum: value }], firstIndex: index, lastIndex: index };
  }
  if (index <= lastIndex - length) return window;
  const newest = Math.max(lastIndex, index);
  const kept = window.buckets.filter((bucket) => bucket.index > newest - length);
  const at = kept.findIndex((bucket) => bucket.index >= index);
  const buckets =
    at === -1
      ? [...kept, { index, sum: value }]
      : kept[at]!.index === index
        ? kept.with(at, { index, sum: kept[at]!.sum + value })
        : kept.toSpliced(at, 0, { index, sum: value });
  return { ...window, buckets, firstIndex: Math.min(firstIndex, index), lastIndex: newest };
}

/** Nothing was written for longer than the window. */
export function isEmpty(window: BucketWindow, nowMs: number): boolean {
  return window.lastIndex === null || indexOf(window, nowMs) - window.lastIndex > window.length;
}

/**
 * Sum ÷ valid buckets, to six digits. Gaps between writes count as 0; silence since the last write shrinks the
 * denominator; until the window has filled, only what elapsed since the first write counts; silence as long as the
 * window is 0.
 */
export function average(window: BucketWindow, nowMs: number): number {
  const valid = validBuckets(window, nowMs);
  if (valid === null) return 0;
  const sum = window.buckets.reduce(
    (total, bucket) => (bucket.index >= valid.oldestIndex ? total + bucket.sum : total),
    0,
  );
  return sixDigits(sum / valid.count);
}

function validBuckets(window: BucketWindow, nowMs: number): { oldestIndex: number; count: number } | null {
  if (window.firstIndex === null || window.lastIndex === null) return null;
  const silence = Math.max(0, indexOf(window, nowMs) - window.lastIndex);
  if (silence >= window.length) return null;
  const left = window.length - silence;
  return {
    oldestIndex: window.lastIndex - left + 1,
    count: Math.min(window.lastIndex - window.firstIndex + 1, left),
  };
}

const sixDigits = (value: number) => Math.round(value * 1e6) / 1e6;
