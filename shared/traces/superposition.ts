/**
 * One load out of parts of several traces, laid over one another in time: different functions, or days of one service. Parts may
 * be thinned, and multiplied a little; whatever their bins are wide, what comes out has seconds, or single arrivals where a part
 * has.
 */
import { scaleInstants } from "./arrivals.ts";
import { BadInputError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { spreadBy, type SpreadLaw } from "./spread.ts";
import { type BinnedTrace, type InstantTrace, type Trace, traceSeconds } from "./trace.ts";

/** A stretch of a trace, and its place in the load. Seconds are whole; `factor` has no unit. */
export interface Part {
  readonly trace: Trace;
  /** Where in the trace it begins. Where the trace ends, it goes on with the trace's beginning: a day after a day. */
  readonly fromSeconds: number;
  /** How much of the trace; no more than it has, so that no moment of it is taken twice. */
  readonly seconds: number;
  /** Where in the load it begins. */
  readonly atSeconds: number;
  /** Up to 1: the share of the arrivals that is kept, each by a chance of its own. Above: so many for each one. */
  readonly factor: number;
}

/** The load that parts become: how long it lasts, in whole seconds, and how a bin fills its seconds. */
export interface SuperpositionOptions {
  readonly name: string;
  readonly durationSeconds: number;
  /** How the arrivals of a bin are spread over its seconds; each part has a process of its own. */
  readonly spread: SpreadLaw;
  readonly random: Random;
}

/** Throws `BadInputError` for a part that does not fit its trace or the load. All times are whole seconds. */
export function superpose(parts: readonly Part[], options: SuperpositionOptions): Trace {
  const { name, durationSeconds, random } = options;
  const perSecond = new Uint32Array(durationSeconds);
  const instants: Arrivals = { atSeconds: [], work: [] };
  parts.forEach((part, i) => {
    checkPart(part, i, options);
    const chance = random.fork(`part/${i}`);
    if (part.trace.kind === "binned") addBins(perSecond, part, part.trace, options.spread, chance);
    else addInstants(instants, part, part.trace, chance);
  });
  if (parts.every(({ trace }) => trace.kind === "binned")) {
    return { kind: "binned", format: "counts-binned", name, binSeconds: 1, counts: Array.from(perSecond) };
  }
  return merged(name, durationSeconds, instants, perSecond, random.fork("within seconds"));
}

interface Arrivals {
  readonly atSeconds: number[];
  readonly work: number[];
}

function addBins(
  perSecond: Uint32Array,
  { fromSeconds, seconds, atSeconds, factor }: Part,
  { binSeconds, counts }: BinnedTrace,
  law: SpreadLaw,
  random: Random,
): void {
  const spread = spreadBy(law, random.fork("spread"));
  const chance = random.fork("count");
  const endSecond = fromSeconds + seconds;
  // The first and the last bin may stick out: they are spread whole, and what lies outside is left out.
  for (let bin = Math.floor(fromSeconds / binSeconds); bin * binSeconds < endSecond; bin++) {
    const count = scaledCount(counts[bin % counts.length]!, factor, chance);
    if (count === 0) continue;
    const begins = bin * binSeconds;
    const spreadOut = spread(begins, binSeconds, count);
    for (let i = Math.max(0, fromSeconds - begins); i < Math.min(binSeconds, endSecond - begins); i++) {
      perSecond[atSeconds + begins + i - fromSeconds]! += spreadOut[i]!;
    }
  }
}

/** The whole part of the factor for each one, and one more with the chance of its fraction. */
function scaledCount(count: number, factor: number, random: Random): number {
  const whole = Math.floor(factor);
  const fraction = factor - whole;
  let scaled = count * whole;
  if (fraction > 0) for (let i = 0; i < count; i++) if (random.next() < fraction) scaled++;
  return scaled;
}

function addInstants(into: Arrivals, part: Part, trace: InstantTrace, random: Random): void {
  const { fromSeconds, seconds, atSeconds, factor } = part;
  const { durationSeconds } = trace;
  const { arrivalSeconds, row } = scaleInstants(trace, factor, random);
  arrivalSeconds.forEach((arrival, i) => {
    const inPart = arrival >= fromSeconds ? arrival - fromSeconds : arrival - fromSeconds + durationSeconds;
    if (inPart >= seconds) return;
    into.atSeconds.push(atSeconds + inPart);
    into.work.push(trace.work?.[row[i]!] ?? 1);
  });
}

/** Arrivals that are known by their second only get a uniform place in it. */
function merged(
  name: string,
  durationSeconds: number,
  { atSeconds, work }: Arrivals,
  perSecond: Uint32Array,
  random: Random,
): InstantTrace {
  perSecond.forEach((count, second) => {
    for (let i = 0; i < count; i++) {
      atSeconds.push(second + random.next());
      work.push(1);
    }
  });
  const order = Array.from(atSeconds.keys()).sort((a, b) => atSeconds[a]! - atSeconds[b]! || a - b);
  return {
    kind: "instants",
    format: "per-invocation",
    name,
    arrivalSeconds: order.map((i) => atSeconds[i]!),
    work: order.map((i) => work[i]!),
    durationSeconds,
  };
}

function checkPart(part: Part, index: number, { name, durationSeconds }: SuperpositionOptions): void {
  const { trace, fromSeconds, seconds, atSeconds } = part;
  const need = (holds: boolean, what: string) => {
    if (!holds) throw new BadInputError(`load '${name}', part ${index + 1}: ${what}`);
  };
  const hasSeconds = traceSeconds(trace);
  need(
    trace.kind === "instants" || Number.isInteger(trace.binSeconds),
    `the bins of '${trace.name}' must be whole seconds wide, was: '${trace.kind === "binned" ? trace.binSeconds : ""}'`,
  );
  need(fromSeconds < hasSeconds, `must begin within the ${hasSeconds} s of '${trace.name}', was: '${fromSeconds}'`);
  need(seconds <= hasSeconds, `must take at most the ${hasSeconds} s of '${trace.name}', was: '${seconds}'`);
  need(
    atSeconds + seconds <= durationSeconds,
    `must end within the load's ${durationSeconds} s, was: '${atSeconds + seconds}'`,
  );
}
