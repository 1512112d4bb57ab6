/** A recorded load, whatever file it came from: counts per bin, or single arrivals. */

/** How the arrivals of a bin are placed inside it. */
export const GAP_RULES = ["uniform", "poisson", "equidistant", "hyper-exponential"] as const;
/**
 * `uniform`: exactly the bin's count, at sorted uniform instants (a Poisson process given its count);
 * `poisson`: a Poisson count with the bin's count as mean; `equidistant`: the exact count, evenly spaced;
 * `hyper-exponential`: exactly the count, with two-phase gaps of CV 2, rescaled to the bin.
 */
export type GapRule = (typeof GAP_RULES)[number];

/** The formats of trace files that can be read. */
export const TRACE_FORMATS = [
  "counts-30s",
  "counts-binned",
  "azure-per-minute",
  "per-invocation",
  "servibench",
  "llm",
  "faasrail",
] as const;
/** One of `TRACE_FORMATS`. */
export type TraceFormat = (typeof TRACE_FORMATS)[number];

/** Counts of invocations per bin of equal length. */
export interface BinnedTrace {
  readonly kind: "binned";
  readonly format: TraceFormat;
  readonly name: string;
  readonly binSeconds: number;
  readonly counts: readonly number[];
}

/** Single arrivals, seconds from the start, ascending, with the work of each where the file records it. */
export interface InstantTrace {
  readonly kind: "instants";
  readonly format: TraceFormat;
  readonly name: string;
  readonly arrivalSeconds: readonly number[];
  /** Relative work per invocation (1 = the mean), same length as `arrivalSeconds`; absent when unknown. */
  readonly work?: readonly number[];
  readonly durationSeconds: number;
}

/** A recorded load: counts per bin, or single arrivals. */
export type Trace = BinnedTrace | InstantTrace;

/** Length of the trace, seconds. */
export function traceSeconds(trace: Trace): number {
  return trace.kind === "binned" ? trace.counts.length * trace.binSeconds : trace.durationSeconds;
}

/** Invocations in the whole trace. */
export function traceInvocations(trace: Trace): number {
  return trace.kind === "binned" ? trace.counts.reduce((sum, count) => sum + count, 0) : trace.arrivalSeconds.length;
}

/**
 * The "boosted" variant of the trace that the LSTM-PPO code was trained on: quiet bins are lifted, busy ones stay. A
 * count x < 10 becomes max(x + 1, ⌊1.5 x⌋). Source: its `workload-generator`, whose second file is this rule over the first.
 */
export function boostCounts(counts: readonly number[]): number[] {
  return counts.map((count) => (count < 10 ? Math.max(count + 1, Math.floor(1.5 * count)) : count));
}
