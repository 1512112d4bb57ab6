/** KPA's panic rule on ticks: a burst raises the floor at once, and the floor stays up for a stable window. */
import { trimmed } from "../core/spoken.ts";
import type { GuardSettings } from "./settings.ts";

/** A tick's in-flight invocations and ready replicas. */
export interface InFlightSample {
  readonly atMs: number;
  readonly inFlight: number;
  /** Replicas that were ready then. */
  readonly ready: number;
}

/** The panic floor's memory: its samples, and the need that they proved. */
export interface Panic {
  /** Samples of the panic window, oldest first. */
  readonly samples: readonly InFlightSample[];
  /** When the threshold was last crossed; null when calm. */
  readonly sinceMs: number | null;
  /** The largest need since panic began; it only grows until panic ends. */
  readonly peak: number;
  /** The arithmetic behind the peak, in words. */
  readonly because: string | null;
}

/** Ends panic when the stable window has passed since the last crossing. Strictly: at the very instant it still holds. */
export function calm(panic: Panic, nowMs: number, stableWindowSeconds: number): Panic {
  if (panic.sinceMs === null || panic.sinceMs + stableWindowSeconds * 1000 >= nowMs) return panic;
  return { ...panic, sinceMs: null, peak: 0, because: null };
}

/**
 * Forgets the peak: only what the present samples prove remains. For when someone else has set the count since. `seen`: what the
 * window or tick says is ready; the newer of it and the newest sample counts.
 */
export function provenNow(
  panic: Panic,
  seen: { readonly atMs: number; readonly ready: number | null },
  at: { readonly targetInFlight: number; readonly nowMs: number },
  settings: GuardSettings,
): Panic {
  const { ready } = seen;
  const newest = panic.samples.at(-1);
  const samples =
    newest !== undefined && ready !== null && seen.atMs >= newest.atMs
      ? [...panic.samples.slice(0, -1), { ...newest, ready }]
      : panic.samples;
  return raised({ ...panic, sinceMs: null, peak: 0, because: null }, samples, at, settings);
}

/**
 * Takes one sample. Need = ceil(mean in-flight over the panic window ÷ target); panic starts, or starts over, when
 * need ÷ max(1, ready) reaches the threshold. Ready replicas count, not desired ones, so slow start-ups keep panic alive.
 */
export function observe(
  panic: Panic,
  sample: InFlightSample,
  at: { readonly targetInFlight: number; readonly nowMs: number },
  settings: GuardSettings,
): Panic {
  const newest = panic.samples.at(-1);
  // A tick delivered twice, or late, is no second reading.
  if (newest !== undefined && sample.atMs <= newest.atMs) return calm(panic, at.nowMs, settings.stableWindowSeconds);
  return raised(panic, [...panic.samples, sample], at, settings);
}

function raised(
  panic: Panic,
  seen: readonly InFlightSample[],
  { targetInFlight, nowMs }: { readonly targetInFlight: number; readonly nowMs: number },
  settings: GuardSettings,
): Panic {
  const sinceMs = nowMs - settings.panicWindowSeconds * 1000;
  const samples = seen.filter(({ atMs }) => atMs > sinceMs);
  const newest = samples.at(-1);
  if (newest === undefined) return calm({ ...panic, samples }, nowMs, settings.stableWindowSeconds);

  const mean = samples.reduce((sum, { inFlight }) => sum + inFlight, 0) / samples.length;
  const need = Math.ceil(mean / targetInFlight);
  const { ready } = newest;
  const over = need / Math.max(1, ready) >= settings.panicThresholdRatio;
  const next = over
    ? { ...panic, samples, sinceMs: nowMs }
    : calm({ ...panic, samples }, nowMs, settings.stableWindowSeconds);
  if (next.sinceMs === null || need <= next.peak) return next;
  const because =
    `in-flight ${trimmed(mean)} over ${settings.panicWindowSeconds} s ÷ target ${trimmed(targetInFlight)} ` +
    `with ${ready} ready`;
  return { ...next, peak: need, because };
}
