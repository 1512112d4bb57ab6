/** Counts what happens in each window of a replay, and judges whether the schedule was kept. */
import type { LateCounts, LoadWindow } from "#shared/core/load.ts";
import { type Schedule, windowsOf } from "../traces/schedule.ts";
import { quantilesOf } from "./quantiles.ts";

/** Later than this a request is late: it counts for the window in which it was sent, and 1 % of them spoil the run. */
export const MAX_LATENESS_MS = 50;
/** A window is off when sent and scheduled differ by more than this share, and by more than one request. */
const MAX_DEVIATION = 0.01;
/** More than this share of windows off spoils the run. */
const MAX_WINDOWS_OFF = 0.01;

interface OpenWindow {
  readonly latencyMs: number[];
  readonly latenessMs: number[];
  late: LateCounts;
}

const NONE_LATE: LateCounts = { fromIntended: 0, fromSent: 0 };

/**
 * `scheduled` counts by the intended instant; `sent` and `shed` too, unless more than `MAX_LATENESS_MS` late, when they
 * count where they happened; `ok` and `failed` count where they ended. The last window takes all that comes later.
 */
export class WindowTally {
  readonly #scheduled: Uint32Array;
  readonly #sent: Uint32Array;
  readonly #ok: Uint32Array;
  readonly #failed: Uint32Array;
  readonly #shed: Uint32Array;
  readonly #open = new Map<number, OpenWindow>();
  #closed = 0;
  #late: LateCounts = NONE_LATE;

  /** Real length of a window. */
  readonly windowMs: number;

  constructor(
    readonly schedule: Schedule,
    readonly timeLapse: number,
    readonly sloSeconds: number | null = null,
  ) {
    this.windowMs = (schedule.windowSeconds * 1_000) / timeLapse;
    const windows = windowsOf(schedule);
    const zeros = () => new Uint32Array(windows);
    [this.#scheduled, this.#sent, this.#ok, this.#failed, this.#shed] = [zeros(), zeros(), zeros(), zeros(), zeros()];
    for (let seq = 0; seq < schedule.offsetSeconds.length; seq++) this.#scheduled[this.#intendedWindow(seq)]!++;
  }

  get windows(): number {
    return this.#scheduled.length;
  }

  /** Windows closed so far. */
  get closed(): number {
    return this.#closed;
  }

  /** When window `closed` may be closed: what was meant for it and is not late has been sent. */
  get nextCloseMs(): number {
    return (this.#closed + 1) * this.windowMs + MAX_LATENESS_MS;
  }

  /** Real milliseconds from the start at which request `seq` is meant to be sent. */
  intendedMs(seq: number): number {
    return (this.schedule.offsetSeconds[seq]! * 1_000) / this.timeLapse;
  }

  sent(seq: number, atMs: number): void {
    const window = this.#windowOf(seq, atMs);
    this.#sent[window]!++;
    this.#openAt(window).latenessMs.push(atMs - this.intendedMs(seq));
  }

  shed(seq: number, atMs: number): void {
    this.#shed[this.#windowOf(seq, atMs)]!++;
  }

  /** Late so far; null without an SLO. */
  get late(): LateCounts | null {
    return this.sloSeconds === null ? null : this.#late;
  }

  ended(ok: boolean, seq: number, { sentMs, endMs }: { readonly sentMs: number; readonly endMs: number }): void {
    const window = this.#windowAt(endMs);
    const open = this.#openAt(window);
    const intendedMs = this.intendedMs(seq);
    (ok ? this.#ok : this.#failed)[window]!++;
    open.latencyMs.push(endMs - intendedMs);
    if (!ok || this.sloSeconds === null) return;
    const { sloSeconds, timeLapse } = this;
    const isLate = (sinceMs: number) => ((endMs - sinceMs) * timeLapse) / 1_000 > sloSeconds;
    const one = { fromIntended: isLate(intendedMs), fromSent: isLate(sentMs) };
    open.late = plus(open.late, one);
    this.#late = plus(this.#late, one);
  }

  /** Closes the next window; `startedAtMs` is the trace time at the start of the replay. */
  close(startedAtMs: number): LoadWindow {
    const index = this.#closed++;
    const { windowSeconds, durationSeconds } = this.schedule;
    const { latencyMs, latenessMs, late } = this.#openAt(index);
    this.#open.delete(index);
    const latency = quantilesOf(latencyMs);
    const seconds = (ms: number | undefined) => (ms === undefined ? null : (ms * this.timeLapse) / 1_000);
    return {
      index,
      endedAtMs: Math.round(startedAtMs + Math.min((index + 1) * windowSeconds, durationSeconds) * 1_000),
      scheduled: this.#scheduled[index]!,
      sent: this.#sent[index]!,
      ok: this.#ok[index]!,
      failed: this.#failed[index]!,
      shed: this.#shed[index]!,
      p50Seconds: seconds(latency?.p50),
      p95Seconds: seconds(latency?.p95),
      p99Seconds: seconds(latency?.p99),
      latenessP99Ms: quantilesOf(latenessMs)?.p99 ?? null,
      late: this.sloSeconds === null ? null : late,
    };
  }

  /** Closed windows whose sent count missed the schedule. */
  windowsOff(): readonly number[] {
    const off: number[] = [];
    for (let i = 0; i < this.#closed; i++) {
      const deviation = Math.abs(this.#sent[i]! - this.#scheduled[i]!);
      if (deviation > Math.max(1, MAX_DEVIATION * this.#scheduled[i]!)) off.push(i);
    }
    return off;
  }

  /** Why the schedule was not kept, in one sentence; null when it was. */
  invalidBecause(latenessP99Ms: number | null): string | null {
    const off = this.windowsOff();
    if (off.length > MAX_WINDOWS_OFF * this.#closed) {
      const first = off[0]!;
      const example = `window ${first}: ${this.#sent[first]} of ${this.#scheduled[first]}`;
      return `the requests sent differ from the schedule by more than 1 % in ${off.length} of ${this.#closed} windows (${example})`;
    }
    if (latenessP99Ms !== null && latenessP99Ms > MAX_LATENESS_MS) {
      return `1 % of the requests were sent more than ${latenessP99Ms.toFixed(1)} ms late (at most ${MAX_LATENESS_MS} ms)`;
    }
    return null;
  }

  #windowOf(seq: number, atMs: number): number {
    const isLate = atMs - this.intendedMs(seq) > MAX_LATENESS_MS;
    return isLate ? this.#windowAt(atMs) : Math.max(this.#closed, this.#intendedWindow(seq));
  }

  #intendedWindow(seq: number): number {
    return Math.min(this.windows - 1, Math.floor(this.schedule.offsetSeconds[seq]! / this.schedule.windowSeconds));
  }

  /** Never a window that is closed: what was counted stays counted. */
  #windowAt(ms: number): number {
    return Math.max(this.#closed, Math.min(this.windows - 1, Math.floor(ms / this.windowMs)));
  }

  #openAt(index: number): OpenWindow {
    let open = this.#open.get(index);
    if (!open) this.#open.set(index, (open = { latencyMs: [], latenessMs: [], late: NONE_LATE }));
    return open;
  }
}

function plus(counts: LateCounts, one: Readonly<Record<keyof LateCounts, boolean>>): LateCounts {
  return {
    fromIntended: counts.fromIntended + Number(one.fromIntended),
    fromSent: counts.fromSent + Number(one.fromSent),
  };
}
