/** What an operator can set about the guard: one table, each line with its default and its meaning. */

interface Setting {
  readonly value: number | null;
  readonly means: string;
}

const setting = <V extends number | null>(value: V, means: string) => ({ value, means }) as const;

/** Everything is trace time; a ratio of 2 doubles. */
export const GUARD_TABLE = {
  maxMetricAgeSeconds: setting<number | null>(
    null,
    "A window whose newest sample is older than this is stale and holds; null is one window length.",
  ),
  maxTickAgeSeconds: setting<number>(
    15,
    "A tick older than this says nothing about the last seconds and starts no panic.",
  ),
  stableWindowSeconds: setting<number>(
    60,
    "Panic holds its peak this long, and nothing scales down this long after a restart.",
  ),
  panicWindowSeconds: setting<number>(6, "In-flight invocations are averaged over this span to notice a burst."),
  panicThresholdRatio: setting<number>(
    2,
    "Panic starts when the burst needs at least this many times the ready replicas.",
  ),
  stabilisationSeconds: setting<number>(
    90,
    "A scale-down goes no lower than the largest recommendation of this span; 0 turns it off.",
  ),
  scaleUpReplicas: setting<number>(
    4,
    "Within one up period the count may grow by this many replicas, or by the ratio below if that is more.",
  ),
  scaleUpRatio: setting<number>(2, "Within one up period the count may grow to this multiple."),
  scaleUpPeriodSeconds: setting<number>(15, "The up period."),
  scaleDownReplicas: setting<number>(
    1,
    "Within one down period the count may shrink by this many replicas, or by the share below if that is more.",
  ),
  scaleDownShare: setting<number>(0.5, "Within one down period the count may lose this share, 0…1."),
  scaleDownPeriodSeconds: setting<number>(30, "The down period."),
  zeroRetentionSeconds: setting<number>(
    60,
    "With a minimum of 0: the last replica stays until nothing arrived and nothing was in flight for this long.",
  ),
  zeroIdleSeconds: setting<number | null>(
    900,
    "With a minimum of 0: after this long without work the guard asks for 0 whatever the policy says (OpenFaaS's zero-duration); null leaves it to the policy.",
  ),
  fallbackAfterWindows: setting<number>(
    2,
    "The fallback rule decides once this many windows in a row have no proposal.",
  ),
} as const satisfies Record<string, Setting>;

type Widen<V> = V extends number ? number : V;
/** A value for every row of `GUARD_TABLE`. */
export type GuardSettings = { readonly [K in keyof typeof GUARD_TABLE]: Widen<(typeof GUARD_TABLE)[K]["value"]> };

/** The values of `GUARD_TABLE`. */
export const GUARD_DEFAULTS = Object.fromEntries(
  Object.entries(GUARD_TABLE).map(([name, { value }]) => [name, value]),
) as GuardSettings;
