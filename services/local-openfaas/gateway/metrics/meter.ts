/** Counts one function's invocations. Plain fields, because every invocation passes here. */

/** Prometheus's default buckets, seconds: the gateway's histogram names none of its own. */
export const bucketBoundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Wider than the default: a cold start under a CPU quota takes seconds. */
export const coldStartBoundsSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100] as const;

/** A histogram: `counts[i]` of the values in (bound i-1, bound i], the last beyond every bound. */
export class Tally {
  #bounds: readonly number[];
  #counts: Float64Array;
  count = 0;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  get bounds(): readonly number[] {
    return this.#bounds;
  }

  get counts(): Float64Array {
    return this.#counts;
  }

  add(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.count++;
    this.sum += value;
  }

  /**
   * Has one more bound from now on. It is not known on which side of it the values lie that are in its bucket already: all
   * stay above, so that no cumulative count that was read before ever falls.
   */
  addBound(bound: number): void {
    if (this.#bounds.includes(bound)) return;
    const below = this.#bounds.filter((one) => one < bound).length;
    this.#bounds = this.#bounds.toSpliced(below, 0, bound);
    this.#counts = Float64Array.from([...this.#counts].toSpliced(below, 0, 0));
  }

  /** The counts under fewer bounds, each of which is one of its own. */
  countsWithin(bounds: readonly number[]): Float64Array {
    const counts = new Float64Array(bounds.length + 1);
    let wide = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      while (wide < bounds.length && (this.#bounds[i] ?? Infinity) > bounds[wide]!) wide++;
      counts[wide]! += this.#counts[i]!;
    }
    return counts;
  }
}

/** One function's invocations since the gateway started. */
export class FunctionMeter {
  /** Proxying begun. */
  started = 0;
  /** Begun and not ended. */
  inFlight = 0;
  /** Ended, by the status the client was given. */
  readonly byCode = new Map<number, Tally>();
  /** Seconds that invocations waited for a replica to become ready; not part of any other number here. */
  readonly coldStarts = new Tally(coldStartBoundsSeconds);
  #bounds: readonly number[] = bucketBoundsSeconds;

  /** More edges than these were SLOs that were changed again and again: the next SLO gets none. */
  static readonly maxBounds = bucketBoundsSeconds.length + 8;

  /** Puts an edge at an SLO. None is ever taken away: a counter that is gone looks like one that cannot be read. */
  addBound(seconds: number): void {
    if (this.#bounds.includes(seconds) || this.#bounds.length >= FunctionMeter.maxBounds) return;
    this.#bounds = [...this.#bounds, seconds].sort((a, b) => a - b);
    for (const tally of this.byCode.values()) tally.addBound(seconds);
  }

  begin(): void {
    this.started++;
    this.inFlight++;
  }

  end(code: number, seconds: number): void {
    this.inFlight--;
    let tally = this.byCode.get(code);
    if (!tally) this.byCode.set(code, (tally = new Tally(this.#bounds)));
    tally.add(seconds);
  }

  /** An invocation that is answered at once, without a replica. */
  refused(code: number): void {
    this.begin();
    this.end(code, 0);
  }

  /** All that ended, whatever their code: `invocationCount` of the functions list. */
  get ended(): number {
    return this.started - this.inFlight;
  }
}

/** The meters of all functions that were ever invoked. */
export class Meters {
  readonly #byFunction = new Map<string, FunctionMeter>();

  /** `sloOf`: where a function's histogram is to have an edge of its own, real seconds; null for the default edges alone. */
  constructor(readonly sloOf: (functionName: string) => number | null = () => null) {}

  of(functionName: string): FunctionMeter {
    let meter = this.#byFunction.get(functionName);
    if (!meter) {
      this.#byFunction.set(functionName, (meter = new FunctionMeter()));
      this.#addSlo(functionName, meter);
    }
    return meter;
  }

  /** Undefined until the first invocation. */
  find(functionName: string): FunctionMeter | undefined {
    return this.#byFunction.get(functionName);
  }

  invocationCount(functionName: string): number {
    return this.#byFunction.get(functionName)?.ended ?? 0;
  }

  entries(): Iterable<[string, FunctionMeter]> {
    return this.#byFunction.entries();
  }

  /** Edges at SLOs that functions were given since their first invocation; to be called before each scrape is answered. */
  addSlos(): void {
    for (const [name, meter] of this.#byFunction) this.#addSlo(name, meter);
  }

  #addSlo(functionName: string, meter: FunctionMeter): void {
    const seconds = this.sloOf(functionName);
    if (seconds !== null) meter.addBound(seconds);
  }
}
