/** Six plain patterns of load, by their expected counts per bin. */
import { BadInputError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { BinnedTrace } from "../../traces/trace.ts";

export const PATTERNS = ["constant", "periodic", "variable", "bursty", "ramp", "flash"] as const;
export type PatternName = (typeof PATTERNS)[number];

export interface PatternOptions {
  readonly meanRps: number;
  readonly durationSeconds: number;
  /** Where bursts and steps fall. */
  readonly random: Random;
}

const BIN_SECONDS = 30;
/** Swing of `periodic`: the peak is 1.8 times the mean, the trough 0.2 times; three cycles. */
const SWING = 0.8;
const CYCLES = 3;
/** `bursty`: a burst each 20 bins on average, 2–4 bins long, 4–10 times what is between. */
const BURST_CHANCE = 1 / 20;
/** `flash`: ten times the rest, for a twentieth of the time, from a point in the middle half. */
const FLASH_HEIGHT = 10;
const FLASH_SHARE = 0.05;
/** `ramp`: from a fifth of the mean to nine fifths. */
const RAMP_FROM = 0.2;

type Shape = (bins: number, random: Random) => number[];

/* prettier-ignore */
const SHAPES: Readonly<Record<PatternName, Shape>> = {
  constant: (bins) => fill(bins, () => 1),
  periodic: (bins) => fill(bins, (i) => 1 + SWING * Math.sin((2 * Math.PI * CYCLES * (i + 0.5)) / bins)),
  variable: (bins, random) => steps(bins, random),
  bursty: (bins, random) => bursts(bins, random),
  ramp: (bins) => fill(bins, (i) => RAMP_FROM + (2 - 2 * RAMP_FROM) * ((i + 0.5) / bins)),
  flash: (bins, random) => {
    const length = Math.max(1, Math.round(FLASH_SHARE * bins));
    const start = Math.floor(bins / 4 + (random.next() * bins) / 2);
    return fill(bins, (i) => (i >= start && i < start + length ? FLASH_HEIGHT : 1));
  },
};

/**
 * A pattern as a trace with the given mean rate. Its counts are expectations: plan it with gap rule `poisson`, or `uniform` for
 * whole counts close to them.
 */
export function patternTrace(pattern: PatternName, { meanRps, durationSeconds, random }: PatternOptions): BinnedTrace {
  const bins = Math.round(durationSeconds / BIN_SECONDS);
  if (bins < 1) throw new BadInputError(`a pattern must last at least ${BIN_SECONDS} s, was: '${durationSeconds}'`);
  if (!(meanRps > 0 && meanRps < Infinity))
    throw new BadInputError(`a pattern's rate must be above 0, was: '${meanRps}'`);
  const shape = SHAPES[pattern](bins, random);
  const scale = (meanRps * BIN_SECONDS * bins) / shape.reduce((sum, value) => sum + value, 0);
  const counts = shape.map((value) => value * scale);
  return { kind: "binned", format: "counts-30s", name: `pattern-${pattern}`, binSeconds: BIN_SECONDS, counts };
}

function fill(bins: number, of: (i: number) => number): number[] {
  return Array.from({ length: bins }, (_, i) => of(i));
}

/** Levels between a quarter and twice the usual, each held for 4–20 bins. */
function steps(bins: number, random: Random): number[] {
  const out: number[] = [];
  while (out.length < bins) {
    const level = 0.25 * 8 ** random.next();
    for (let left = 4 + random.integer(17); left > 0 && out.length < bins; left--) out.push(level);
  }
  return out;
}

function bursts(bins: number, random: Random): number[] {
  const out: number[] = [];
  while (out.length < bins) {
    const isBurst = random.next() < BURST_CHANCE;
    const height = isBurst ? 4 + 6 * random.next() : 1;
    for (let left = isBurst ? 2 + random.integer(3) : 1; left > 0 && out.length < bins; left--) out.push(height);
  }
  return out;
}
