/** Is the candidate better than what it would replace, and than the rule? Paired runs, and how sure their difference is. */
import type { EstimatedOutcome } from "../core/model-lifecycle.ts";
import type { PolicyFactory } from "../core/policy.ts";
import { seededRandom } from "../core/random.ts";
import type { BinnedTrace } from "../traces/trace.ts";
import { bootstrapMean, type Interval } from "./bootstrap.ts";
import { initialReplicas } from "./foresight.ts";
import type { SimProfile } from "../sim/profiles.ts";
import { meanOutcome, outcomeOf } from "./outcome.ts";
import { recordedSchedule } from "./recorded-load.ts";

/** The policies that are compared. */
export interface Contenders {
  readonly candidate: PolicyFactory;
  readonly current: PolicyFactory;
  readonly rule: PolicyFactory;
}

/** What the pairs of runs came to. */
export interface Comparison {
  readonly pairs: number;
  readonly windows: number;
  readonly confidence: number;
  readonly candidate: EstimatedOutcome;
  readonly current: EstimatedOutcome;
  readonly rule: EstimatedOutcome;
  /** Reward per window that the candidate has more than the other, in pairs. */
  readonly overCurrent: Interval;
  readonly overRule: Interval;
  /** Both intervals lie above 0. */
  readonly isBetter: boolean;
}

/** What the policies are compared on. */
export interface CompareOptions {
  readonly trace: BinnedTrace;
  readonly profile: SimProfile;
  readonly seed: number | string;
  readonly pairs?: number;
}

/** An excerpt of an hour holds what a scaler has to cope with. */
const EXCERPT_WINDOWS = 120;
const CONFIDENCE = 0.95;

/**
 * Each pair is an excerpt of the recorded load, drawn anew, on which all three run on the same calls and the same platform.
 * Better is the candidate whose paired bootstrap interval (two-sided, 95 %) lies above 0 against either.
 */
export function compare(contenders: Contenders, options: CompareOptions): Comparison {
  const { trace, profile, seed, pairs = 16 } = options;
  const random = seededRandom(`${seed}/compare`);
  const windows = Math.min(EXCERPT_WINDOWS, trace.counts.length);
  const runs = Array.from({ length: pairs }, (_, i) => {
    const fromWindow = random.integer(trace.counts.length - windows + 1);
    const pairSeed = `${seed}/pair/${i}`;
    const schedule = recordedSchedule(trace, profile, pairSeed, { fromWindow, windows });
    const start = { schedule, profile, seed: pairSeed, initialReplicas: initialReplicas(schedule, profile) };
    return {
      candidate: outcomeOf({ ...start, policy: contenders.candidate }),
      current: outcomeOf({ ...start, policy: contenders.current }),
      rule: outcomeOf({ ...start, policy: contenders.rule }),
    };
  });
  const over = (other: "current" | "rule") =>
    bootstrapMean(
      runs.map((run) => run.candidate.reward - run[other].reward),
      random.fork(other),
      { confidence: CONFIDENCE },
    )!;
  const overCurrent = over("current");
  const overRule = over("rule");
  return {
    pairs,
    windows,
    confidence: CONFIDENCE,
    candidate: meanOutcome(runs.map(({ candidate }) => candidate)),
    current: meanOutcome(runs.map(({ current }) => current)),
    rule: meanOutcome(runs.map(({ rule }) => rule)),
    overCurrent,
    overRule,
    isBetter: overCurrent.lo > 0 && overRule.lo > 0,
  };
}

/** One sentence with the numbers. */
export function comparisonWords({ pairs, windows, confidence, overCurrent, overRule, ...of }: Comparison): string {
  const number = (value: number) => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(4);
  const interval = ({ mean, lo, hi }: Interval) => `${number(mean)} (${number(lo)} to ${number(hi)})`;
  const outcome = ({ violationShare, replicaSeconds }: EstimatedOutcome) =>
    `${(100 * violationShare).toFixed(1)} % violations at ${Math.round(replicaSeconds)} replica-seconds`;
  return (
    `reward over the current model ${interval(overCurrent)}, over the rule ${interval(overRule)}, ` +
    `${pairs} pairs of ${windows} windows, ${Math.round(100 * confidence)} %; candidate ${outcome(of.candidate)}, ` +
    `current ${outcome(of.current)}, rule ${outcome(of.rule)}`
  );
}
