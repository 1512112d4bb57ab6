/**
 * Whether a scrape may be believed. A truncated page, a frozen one, and impossible numbers are distinguished here from an idle function:
 * only what a living process said, in full, becomes a measurement.
 */
import type { Sample } from "./exposition.ts";
import { isCounted } from "./names.ts";
import type { SeriesId } from "./series-id.ts";

/** A scrape that may be stored. */
export interface BelievedScrape {
  readonly kind: "believed";
  readonly samples: readonly Sample[];
  /** Said, and of no use: not finite, below zero, said twice, or a counter that went back while its process lived on. */
  readonly unusable: readonly SeriesId[];
  /** Keys of counters that are believed again below what their process had said: what they counted meanwhile is lost. */
  readonly rebased: ReadonlySet<string>;
  /** Another process counts now: what the one before counted does not come again. */
  readonly isRestart: boolean;
}

/** A scrape that must not be stored. */
export interface RefusedScrape {
  readonly kind: "refused";
  /** Null where it is not worth reporting yet: a process's own counters may be coarse. */
  readonly because: string | null;
}

/** What a `ScrapeCheck` expects of its endpoint. */
export interface ScrapeCheckOptions {
  /** As in a sentence: "the gateway's metrics". */
  readonly of: string;
  /** Where nothing runs there is nothing to say: an empty page is believed, and one without a pulse. */
  readonly mayBeEmpty: boolean;
}

/** Counters of the process and of the scrape itself, and when a container was last looked at: they move without any call. */
const PULSE = /^(process_|go_|promhttp_|nodejs_|container_last_seen$)/;
const STARTED = "process_start_time_seconds";
/** What windows are made of; the rest is not kept. */
const KEPT = /^(gateway_|container_|kube_)/;
/** Two processes behind one address: for so long after one came back that had been left neither is believed. */
const SEVERAL_MS = 60_000;
/** A process's start time is read off a clock that is adjusted now and then. */
const SAME_START_SECONDS = 2;
const STILL_OFTEN = 3;

const COUNTS_ON_MS = 60_000;

interface Counter {
  /** As far as is believed. */
  readonly value: number;
  readonly fell: { readonly value: number; readonly atMs: number } | null;
}

/** Checks the scrapes of one endpoint, in their order. */
export class ScrapeCheck {
  readonly #options: ScrapeCheckOptions;
  /** The last page by series: what its process says of itself, or all of it where that is nothing. */
  #pulse: ReadonlyMap<string, number> | null = null;
  #hasPulse = false;
  #startedSeconds: number | null = null;
  #isRestart = false;
  /** Processes that another one followed, and when they last answered. */
  #left: readonly { readonly startedSeconds: number; readonly atMs: number }[] = [];
  #counters = new Map<string, Counter>();
  #repeats = 0;
  #severalUntilMs = -Infinity;

  constructor(options: ScrapeCheckOptions) {
    this.#options = options;
  }

  /** Takes the next scrape: its text, the samples read from it, and when it was made. */
  check(text: string, samples: readonly Sample[], atMs: number): BelievedScrape | RefusedScrape {
    const refusal = this.#refusal(text, samples, atMs);
    if (refusal !== null) return refusal;
    const isRestart = this.#isRestart;
    this.#isRestart = false;
    // Of series that went away with a process nothing is compared any more.
    if (isRestart) this.#counters = new Map();
    return { kind: "believed", isRestart, ...this.#sort(samples, atMs) };
  }

  #refusal(text: string, samples: readonly Sample[], atMs: number): RefusedScrape | null {
    const { mayBeEmpty } = this.#options;
    if (text !== "" && !text.endsWith("\n")) return this.#refuse("end in the middle of a line");
    if (samples.length === 0) return mayBeEmpty ? null : this.#refuse("are an empty page");
    const beats = samples.filter(({ series: { name } }) => PULSE.test(name));
    if (beats.length === 0 && this.#hasPulse) {
      return mayBeEmpty ? null : this.#refuse("lack what their process says of itself: the page was cut");
    }
    this.#noteProcess(startOf(samples), atMs);
    if (atMs < this.#severalUntilMs) {
      return this.#refuse("come from several processes in turn: ask a Prometheus that scrapes each");
    }
    this.#hasPulse = beats.length > 0;
    if (this.#moved(this.#hasPulse ? beats : samples)) return null;
    if (!this.#hasPulse) {
      return this.#refuse(`stand still and have no ${STARTED} or the like: idle or frozen, it is not known which`);
    }
    return this.#repeats < STILL_OFTEN
      ? { kind: "refused", because: null }
      : this.#refuse(`stand still: the same page came ${this.#repeats} times after the first`);
  }

  #noteProcess(startedSeconds: number | null, atMs: number): void {
    const before = this.#startedSeconds;
    if (startedSeconds === null) return;
    this.#startedSeconds = startedSeconds;
    if (before === null || isSame(before, startedSeconds)) return;
    this.#isRestart = true;
    this.#left = this.#left.filter((one) => one.atMs > atMs - SEVERAL_MS);
    if (this.#left.some((one) => isSame(one.startedSeconds, startedSeconds))) this.#severalUntilMs = atMs + SEVERAL_MS;
    this.#left = [...this.#left.filter((one) => !isSame(one.startedSeconds, before)), { startedSeconds: before, atMs }];
  }

  #refuse(because: string): RefusedScrape {
    return { kind: "refused", because: `${this.#options.of} ${because}` };
  }

  #moved(samples: readonly Sample[]): boolean {
    const now = new Map<string, number>();
    for (const { series, value, timestampMs } of samples) {
      now.set(series.key, value);
      if (timestampMs !== null) now.set(`${series.key} at`, timestampMs);
    }
    const before = this.#pulse;
    this.#pulse = now;
    const moved =
      before === null ||
      before.size !== now.size ||
      [...now].some(([key, value]) => !Object.is(before.get(key), value));
    this.#repeats = moved ? 0 : this.#repeats + 1;
    return moved;
  }

  #sort(samples: readonly Sample[], atMs: number): Pick<BelievedScrape, "samples" | "unusable" | "rebased"> {
    const kept = new Map<string, Sample>();
    const unusable = new Map<string, SeriesId>();
    const rebased = new Set<string>();
    for (const sample of samples) {
      const { series, value } = sample;
      if (!KEPT.test(series.name)) continue;
      const other = kept.get(series.key);
      const isAmount = Number.isFinite(value) && value >= 0;
      if (!isAmount || (other !== undefined && other.value !== value)) unusable.set(series.key, series);
      kept.set(series.key, sample);
    }
    for (const { series, value } of kept.values()) {
      if (unusable.has(series.key)) continue;
      const belief = this.#believe(series, value, atMs);
      if (belief === "went-back") unusable.set(series.key, series);
      if (belief === "rebased") rebased.add(series.key);
    }
    for (const key of unusable.keys()) kept.delete(key);
    return { samples: [...kept.values()], unusable: [...unusable.values()], rebased };
  }

  /**
   * `went-back`: below what the same process has counted. It is believed again when it reaches that, or when it has counted on
   * from below for a while: then what was higher was wrong, and it is `rebased`. Of a process that does not say when it began nothing follows.
   */
  #believe({ name, key }: SeriesId, value: number, atMs: number): "as-counted" | "rebased" | "went-back" {
    if (!isCounted(name) || this.#startedSeconds === null) return "as-counted";
    const known = this.#counters.get(key);
    const isHigher = known === undefined || value >= known.value;
    if (isHigher || countsOn(known, value, atMs)) {
      this.#counters.set(key, { value, fell: null });
      return isHigher ? "as-counted" : "rebased";
    }
    if (known.fell === null || value < known.fell.value) this.#counters.set(key, { ...known, fell: { value, atMs } });
    return "went-back";
  }
}

function countsOn({ fell }: Counter, value: number, atMs: number): boolean {
  return fell !== null && value > fell.value && atMs - fell.atMs >= COUNTS_ON_MS;
}

const isSame = (a: number, b: number) => Math.abs(a - b) <= SAME_START_SECONDS;

function startOf(samples: readonly Sample[]): number | null {
  let startedSeconds: number | null = null;
  for (const { series, value } of samples) {
    if (series.name === STARTED && Number.isFinite(value)) startedSeconds = Math.max(startedSeconds ?? 0, value);
  }
  return startedSeconds;
}
