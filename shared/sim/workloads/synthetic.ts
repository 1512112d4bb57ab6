/**
 * Synthetic functions whose traffic varies as that of Azure's functions does (Shahrad et al., USENIX ATC '20, and counts per minute of
 * 215 HTTP functions of the data set). Each draw is another function; its day is checked against the data in the tests.
 */
import type { Random } from "../../core/random.ts";
import type { BinnedTrace, GapRule, InstantTrace } from "../../traces/trace.ts";
import { logUniform, overdispersed, uniform } from "./draws.ts";
import { bursting, dayShape, drifting, shifting, switching } from "./modulators.ts";

export const SYNTHETIC_KINDS = ["timer", "intermittent", "continuous"] as const;
export type SyntheticKind = (typeof SYNTHETIC_KINDS)[number];

/** Shares of the kinds; the rest is continuous. */
const TIMER_SHARE = 0.3;
const INTERMITTENT_SHARE = 0.4;
const TIMER_PERIODS_MINUTES = [1, 5, 15, 30, 60];

const BIN_SECONDS = 30;
const BINS_PER_DAY = 2880;
/** What happens before the first bin shapes it: bursts under way, the drift of the rate. */
const LEAD_BINS = 20;

export interface SyntheticOptions {
  /** Daily total, log-uniform in this band. */
  readonly callsPerDay: readonly [least: number, most: number];
  readonly durationSeconds: number;
  /** Default: drawn by the shares above. */
  readonly kind?: SyntheticKind;
}

/** Calls a day that make sense for one scaled function: 0.05–50 rps. */
export const SCALED_BAND = [4_300, 4_300_000] as const;

export interface SyntheticFunction {
  readonly kind: SyntheticKind;
  readonly callsPerDay: number;
  readonly trace: BinnedTrace | InstantTrace;
  /** How to place the arrivals inside a bin: counts cannot tell, so it varies. */
  readonly gapRule: GapRule;
  readonly work: {
    /** Mean execution time, seconds: log-normal (−0.38, 2.36) cut to 1 ms…60 s. */
    readonly meanSeconds: number;
    /** Part of it that is CPU. */
    readonly cpuShare: number;
    /** Coefficient of variation per call. */
    readonly cv: number;
  };
}

/** Draws a function and its traffic from a random time of the day on. Same chance, same function. */
export function syntheticFunction(random: Random, options: SyntheticOptions): SyntheticFunction {
  const callsPerDay = logUniform(random.fork("total"), ...options.callsPerDay);
  const kind = options.kind ?? drawKind(random.fork("kind"));
  const day = random.fork("day");
  const bins = Math.ceil(options.durationSeconds / BIN_SECONDS);
  const trace = kind === "timer" ? timerTrace(day, callsPerDay, bins) : rateTrace(day, callsPerDay, bins, kind);
  const work = random.fork("work");
  return {
    kind,
    callsPerDay,
    trace,
    gapRule: random.fork("gaps").next() < 0.7 ? "uniform" : "hyper-exponential",
    work: {
      meanSeconds: executionSeconds(work),
      cpuShare: uniform(work, 0.3, 1),
      cv: uniform(work, 0.1, 1),
    },
  };
}

function drawKind(random: Random): SyntheticKind {
  const draw = random.next();
  return draw < TIMER_SHARE ? "timer" : draw < TIMER_SHARE + INTERMITTENT_SHARE ? "intermittent" : "continuous";
}

function executionSeconds(random: Random): number {
  for (;;) {
    const seconds = Math.exp(-0.38 + 2.36 * random.normal());
    if (seconds >= 0.001 && seconds <= 60) return seconds;
  }
}

/** n calls within 1–2 s, again and again. */
function timerTrace(random: Random, callsPerDay: number, bins: number): InstantTrace {
  const periodSeconds = 60 * TIMER_PERIODS_MINUTES[random.integer(TIMER_PERIODS_MINUTES.length)]!;
  const calls = Math.max(1, Math.round((callsPerDay * periodSeconds) / 86_400));
  const phaseSeconds = random.next() * periodSeconds;
  const spreadSeconds = uniform(random, 1, 2);
  const durationSeconds = bins * BIN_SECONDS;
  const arrivalSeconds: number[] = [];
  for (let at = phaseSeconds; at < durationSeconds; at += periodSeconds) {
    for (let i = 0; i < calls; i++)
      arrivalSeconds.push(Math.min(durationSeconds - 1e-6, at + spreadSeconds * random.next()));
  }
  arrivalSeconds.sort((a, b) => a - b);
  return { kind: "instants", format: "per-invocation", name: "synthetic-timer", arrivalSeconds, durationSeconds };
}

/** λ(t) = λ₀ · day(t) · weekend · level(t) · burst(t) · exp(x(t)) · on(t), counts overdispersed about it. */
function rateTrace(
  random: Random,
  callsPerDay: number,
  bins: number,
  kind: "intermittent" | "continuous",
): BinnedTrace {
  const onShare = kind === "intermittent" ? logUniform(random, 0.02, 0.5) : 1;
  const meanPerBin = callsPerDay / BINS_PER_DAY / onShare;
  const day = dayShape(random, BIN_SECONDS);
  const drift = drifting(random, BIN_SECONDS);
  const bursts = bursting(random, BIN_SECONDS);
  const level = shifting(random, BIN_SECONDS);
  const on = switching(random, BIN_SECONDS, onShare);
  // At a low rate an index of 30 would pile a day into a few bins: there the squared CV of a bin bounds it.
  const dispersion = Math.min(logUniform(random, 1, 30), 1 + logUniform(random, 0.5, 20) * meanPerBin);
  const counts: number[] = [];
  for (let bin = -LEAD_BINS; bin < bins; bin++) {
    const rate = meanPerBin * day(bin) * level() * bursts() * drift() * on();
    const count = overdispersed(random, rate, dispersion);
    if (bin >= 0) counts.push(count);
  }
  return { kind: "binned", format: "counts-30s", name: `synthetic-${kind}`, binSeconds: BIN_SECONDS, counts };
}
