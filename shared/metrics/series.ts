/** One series: samples in the order of time, in a ring that forgets the oldest. */
import type { SeriesId } from "./series-id.ts";

/**
 * `rebased`: a sample from which a counter is counted afresh: what lies between it and what was known before is lost.
 * `vanished`: the endpoint answered without this series; `unreachable`: the endpoint did not answer. These two are stale.
 */
export type Mark = "sample" | "rebased" | "vanished" | "unreachable";
const MARKS = ["sample", "rebased", "vanished", "unreachable"] as const;
const LAST_SAMPLE_MARK = MARKS.indexOf("rebased");

/** How much a series keeps. */
export interface SeriesBounds {
  /** Samples older than this before the newest are forgotten. */
  readonly retentionMs: number;
  /** At most so many samples, whatever their age. */
  readonly maxSamples: number;
}

/** The latest samples of one series, in the order of time. */
export class Series {
  readonly id: SeriesId;
  readonly #bounds: SeriesBounds;
  #times = new Float64Array(8);
  #values = new Float64Array(8);
  #marks = new Uint8Array(8);
  #head = 0;
  #length = 0;

  constructor(id: SeriesId, bounds: SeriesBounds) {
    this.id = id;
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#length;
  }

  /** Entry `i`, oldest first. */
  timeMs(i: number): number {
    return this.#times[this.#slot(i)]!;
  }

  /** The sample's value; meaningless where the entry is a stale mark. */
  value(i: number): number {
    return this.#values[this.#slot(i)]!;
  }

  isSample(i: number): boolean {
    return this.#marks[this.#slot(i)]! <= LAST_SAMPLE_MARK;
  }

  mark(i: number): Mark {
    return MARKS[this.#marks[this.#slot(i)]!]!;
  }

  /** Newest instant, or −∞ when empty. */
  get newestMs(): number {
    return this.#length === 0 ? -Infinity : this.timeMs(this.#length - 1);
  }

  /** True when the newest entry is a sample. */
  get isLive(): boolean {
    return this.#length > 0 && this.isSample(this.#length - 1);
  }

  /** Adds an entry; false, and nothing added, when it is not newer than the newest. */
  push(atMs: number, value: number, mark: Mark = "sample"): boolean {
    if (!(atMs > this.newestMs)) return false;
    const oldestKept = atMs - this.#bounds.retentionMs;
    while (this.#length > 0 && (this.#times[this.#head]! < oldestKept || this.#length >= this.#bounds.maxSamples)) {
      this.#head = (this.#head + 1) & (this.#times.length - 1);
      this.#length--;
    }
    if (this.#length === this.#times.length) this.#grow();
    const slot = this.#slot(this.#length);
    this.#times[slot] = atMs;
    this.#values[slot] = value;
    this.#marks[slot] = mark === "sample" ? 0 : MARKS.indexOf(mark);
    this.#length++;
    return true;
  }

  /** Index of the newest entry at or before `atMs`, −1 when there is none. */
  indexAt(atMs: number): number {
    // Questions are about the newest instants: the last entry mostly is the answer.
    if (this.#length === 0 || this.timeMs(0) > atMs) return -1;
    let low = 0;
    let high = this.#length - 1;
    if (this.timeMs(high) <= atMs) return high;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.timeMs(middle) <= atMs) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Capacity is a power of two, so that the ring turns by a mask. */
  #slot(i: number): number {
    return (this.#head + i) & (this.#times.length - 1);
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const values = new Float64Array(times.length);
    const marks = new Uint8Array(times.length);
    for (let i = 0; i < this.#length; i++) {
      const slot = this.#slot(i);
      times[i] = this.#times[slot]!;
      values[i] = this.#values[slot]!;
      marks[i] = this.#marks[slot]!;
    }
    this.#times = times;
    this.#values = values;
    this.#marks = marks;
    this.#head = 0;
  }
}
