/**
 * Whether what was measured is still news, by the collector's own time: its ticks and windows carry it, and the listener's monotonic
 * clock carries it on. No wall clock is asked, so none that is wrong or set back can silence a part.
 */
import type { MetricsWindow, Tick } from "../core/window.ts";

/** `late`: ended more than a window ago, or in another generation. `refused`: dated where no instant can be. `unknown`: no event was received yet. */
export type Timeliness = "in-time" | "late" | "refused" | "unknown";

/** When a window ended, and by whose time. */
export type MeasuredAt = Pick<MetricsWindow, "generation" | "endedAtMs" | "timeLapse" | "windowSeconds">;
type TickedAt = Pick<Tick, "generation" | "atMs" | "timeLapse">;

/** What is known of the collector's time, for the status. */
export interface CollectorTimeStatus {
  /** Null before the first event. */
  readonly generation: string | null;
  /** The collector's trace time now, as far as it is known here. */
  readonly traceMs: number | null;
  /** Real seconds since the last event in time; null before the first. */
  readonly silentSeconds: number | null;
  readonly generations: number;
  readonly refused: number;
  readonly lastRefusal: string | null;
}

/** One collector's time from the first instant received from it to the first of the next. */
interface Line {
  readonly generation: string;
  readonly timeLapse: number;
  /** The last instants, each with how far it lay ahead of the monotonic clock, in trace time, when it was first received. */
  readonly instants: { readonly atMs: number; readonly aheadMs: number }[];
  /** By the instant that was the shortest on its way. */
  aheadMs: number;
  newsAtMs: number;
}

interface Instant extends TickedAt {
  readonly spanMs: number;
}

/** About a minute of ticks: the quickest of them gives the best time, and clocks that drift apart are followed. */
const REMEMBERED_INSTANTS = 32;
/** Generations that were followed by another one. */
const REMEMBERED_GENERATIONS = 16;
/** An event may have been this slow on its way, real time: one that comes quicker lies so far ahead. */
const MAX_DELAY_MS = 10_000;
const WINDOW_MS = 30_000;

/** Follows one collector at a time and judges whether what it measured is still news. */
export class CollectorTime {
  #line: Line | null = null;
  #number = 0;
  #past: string[] = [];
  #windowMs = WINDOW_MS;
  #refused = 0;
  #lastRefusal: string | null = null;

  /** Grows with each generation: what is remembered of instants counts only within one. */
  get number(): number {
    return this.#number;
  }

  /** A tick as it came, live. */
  onTick(tick: TickedAt, monotonicMs: number): Timeliness {
    return this.#receive({ ...tick, spanMs: this.#windowMs }, monotonicMs, true);
  }

  /** A window as it came. One that was kept for later (`live: false`) begins no generation while another one is alive. */
  onWindow(window: MeasuredAt, monotonicMs: number, { live }: { readonly live: boolean }): Timeliness {
    const timeliness = this.#receive(instantOf(window), monotonicMs, live);
    if (timeliness === "in-time") this.#windowMs = window.windowSeconds * 1_000;
    return timeliness;
  }

  /** Of a window that somebody else hands on: nothing is learned from it. */
  judge(window: MeasuredAt, monotonicMs: number): Timeliness {
    if (this.#line === null) return "unknown";
    const instant = instantOf(window);
    return this.#timelinessOf(
      { ...instant, spanMs: Math.min(instant.spanMs, this.#windowMs) },
      this.#line,
      monotonicMs,
    );
  }

  status(monotonicMs: number): CollectorTimeStatus {
    const line = this.#line;
    return {
      generation: line && line.generation,
      traceMs: line && Math.round(nowOf(line, monotonicMs)),
      silentSeconds: line && Math.round((monotonicMs - line.newsAtMs) / 100) / 10,
      generations: this.#number,
      refused: this.#refused,
      lastRefusal: this.#lastRefusal,
    };
  }

  #receive(instant: Instant, monotonicMs: number, live: boolean): Timeliness {
    const line = this.#line;
    if (line === null) return this.#begin(instant, monotonicMs);
    const timeliness = this.#timelinessOf(instant, line, monotonicMs);
    if (timeliness === "in-time") {
      // What strips the generation off hands on what was measured, and measures nothing.
      if (instant.generation === line.generation) remember(line, instant.atMs, monotonicMs);
      return timeliness;
    }
    const isNew = instant.generation !== line.generation && !this.#past.includes(instant.generation);
    // A collector that reports while the one followed has been silent for a window is right: better a wrong time than silence.
    const isSilent = monotonicMs - line.newsAtMs > this.#windowMs / line.timeLapse;
    if (isSilent || (live && isNew && instant.generation !== "")) return this.#begin(instant, monotonicMs);
    if (timeliness === "refused") this.#refuse(instant, line, monotonicMs);
    return timeliness;
  }

  #begin({ generation, timeLapse, atMs }: Instant, monotonicMs: number): Timeliness {
    const before = this.#line?.generation;
    if (before !== undefined) this.#past = [...this.#past.filter((one) => one !== before), before];
    this.#past = this.#past.filter((one) => one !== generation).slice(-REMEMBERED_GENERATIONS);
    const aheadMs = atMs - monotonicMs * timeLapse;
    this.#line = { generation, timeLapse, instants: [{ atMs, aheadMs }], aheadMs, newsAtMs: monotonicMs };
    this.#number++;
    return "in-time";
  }

  #timelinessOf({ generation, atMs, timeLapse, spanMs }: Instant, line: Line, monotonicMs: number): Timeliness {
    if (generation !== line.generation && generation !== "") return "late";
    const aheadMs = atMs - nowOf(line, monotonicMs);
    if (aheadMs > Math.max(this.#windowMs, MAX_DELAY_MS * line.timeLapse) || timeLapse !== line.timeLapse)
      return "refused";
    return -aheadMs > spanMs ? "late" : "in-time";
  }

  #refuse({ atMs, timeLapse }: Instant, line: Line, monotonicMs: number): void {
    this.#refused++;
    const aheadSeconds = Math.round((atMs - nowOf(line, monotonicMs)) / 1_000);
    this.#lastRefusal =
      timeLapse === line.timeLapse
        ? `dated ${aheadSeconds} s ahead of the collector's time`
        : `in time-lapse ${timeLapse}, where the collector's is ${line.timeLapse}`;
  }
}

function instantOf({ generation, endedAtMs, timeLapse, windowSeconds }: MeasuredAt): Instant {
  return { generation, atMs: endedAtMs, timeLapse, spanMs: windowSeconds * 1_000 };
}

function remember(line: Line, atMs: number, monotonicMs: number): void {
  line.newsAtMs = monotonicMs;
  // From the newest: every function has a tick of the same instant.
  if (line.instants.findLast((one) => one.atMs === atMs)) return;
  line.instants.push({ atMs, aheadMs: atMs - monotonicMs * line.timeLapse });
  if (line.instants.length > REMEMBERED_INSTANTS) line.instants.shift();
  line.aheadMs = Math.max(...line.instants.map((one) => one.aheadMs));
}

function nowOf({ aheadMs, timeLapse }: Line, monotonicMs: number): number {
  return aheadMs + monotonicMs * timeLapse;
}
