/** Latencies in buckets that grow by 1 %: any number of them in the same memory, quantiles within ½ %. */

const SMALLEST_SECONDS = 1e-4;
const GROWTH = Math.log(1.01);
/** Up to about 2,000 s. */
const BUCKETS = 1700;

/** A histogram of latencies, seconds. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #lowest = BUCKETS;
  #highest = -1;
  count = 0;
  sumSeconds = 0;
  maxSeconds = 0;

  /** Adds one latency. */
  add(seconds: number): void {
    const place =
      seconds <= SMALLEST_SECONDS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(seconds / SMALLEST_SECONDS) / GROWTH));
    this.#counts[place]!++;
    if (place < this.#lowest) this.#lowest = place;
    if (place > this.#highest) this.#highest = place;
    this.count++;
    this.sumSeconds += seconds;
    if (seconds > this.maxSeconds) this.maxSeconds = seconds;
  }

  /** The nearest-rank quantile, as its bucket's middle; null when nothing was added. */
  quantile(q: number): number | null {
    if (this.count === 0) return null;
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let place = this.#lowest; place <= this.#highest; place++) {
      seen += this.#counts[place]!;
      if (seen >= rank) return Math.min(this.maxSeconds, SMALLEST_SECONDS * Math.exp((place - 0.5) * GROWTH));
    }
    return this.maxSeconds;
  }

  get meanSeconds(): number | null {
    return this.count === 0 ? null : this.sumSeconds / this.count;
  }

  /** Adds the latencies of another histogram. */
  addAll(other: LatencyHistogram): void {
    for (let place = other.#lowest; place <= other.#highest; place++) this.#counts[place]! += other.#counts[place]!;
    this.#lowest = Math.min(this.#lowest, other.#lowest);
    this.#highest = Math.max(this.#highest, other.#highest);
    this.count += other.count;
    this.sumSeconds += other.sumSeconds;
    this.maxSeconds = Math.max(this.maxSeconds, other.maxSeconds);
  }

  clear(): void {
    if (this.#highest >= this.#lowest) this.#counts.fill(0, this.#lowest, this.#highest + 1);
    this.#lowest = BUCKETS;
    this.#highest = -1;
    this.count = 0;
    this.sumSeconds = 0;
    this.maxSeconds = 0;
  }
}
