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
export type GuardSettings = { readonly [K in keyof typeof GUARD_TABLE]: Widen<(typeof GUARD_TABLE)[K]["value"]> };

export const GUARD_DEFAULTS = Object.fromEntries(
  Object.entries(GUARD_TABLE).map(([name, { value }]) => [name, value]),
) as GuardSettings;

/** Every problem of the settings, one sentence each; empty when they can be used. */
export function guardSettingsProblems(settings: GuardSettings): string[] {
  const problems: string[] = [];
  const check = (name: keyof GuardSettings, want: string, fits: (value: number) => boolean, orNull = false) => {
    const value = settings[name];
    if (value === null && orNull) return;
    if (value === null || !Number.isFinite(value) || !fits(value)) {
      problems.push(`${name} must be ${want}${orNull ? " or null" : ""}, was: '${value}'`);
    }
  };
  const positive = (value: number) => value > 0;
  const wholePositive = (value: number) => Number.isInteger(value) && value >= 1;
  const notNegative = (value: number) => value >= 0;

  check("maxMetricAgeSeconds", "a number above 0", positive, true);
  check("maxTickAgeSeconds", "a number above 0", positive);
  check("stableWindowSeconds", "a number above 0", positive);
  check("panicWindowSeconds", "a number above 0", positive);
  check("panicThresholdRatio", "a number above 1", (value) => value > 1);
  check("stabilisationSeconds", "a number of at least 0", notNegative);
  check("scaleUpReplicas", "a whole number of at least 1", wholePositive);
  check("scaleUpRatio", "a number of at least 1", (value) => value >= 1);
  check("scaleUpPeriodSeconds", "a number above 0", positive);
  check("scaleDownReplicas", "a whole number of at least 1", wholePositive);
  check("scaleDownShare", "a number from 0 to 1", (value) => value >= 0 && value <= 1);
  check("scaleDownPeriodSeconds", "a number above 0", positive);
  check("zeroRetentionSeconds", "a number of at least 0", notNegative);
  check("zeroIdleSeconds", "a number of at least 0", notNegative, true);
  check("fallbackAfterWindows", "a whole number of at least 1", wholePositive);
  if (settings.panicWindowSeconds > settings.stableWindowSeconds) {
    problems.push(
      `panicWindowSeconds (${settings.panicWindowSeconds}) must not exceed stableWindowSeconds (${settings.stableWindowSeconds})`,
    );
  }
  return problems;
}
