/** Counts one function's invocations. Plain fields, because every invocation passes here. */

/** Prometheus's default buckets, seconds: the gateway's histogram names none of its own. */
export const bucketBoundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Wider than the default: a cold start under a CPU quota takes seconds. */
export const coldStartBoundsSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100] as const;

/** A histogram: `counts[i]` of the values in (bound i-1, bound i], the last beyond every bound. */
export class Tally {
  readonly counts: Float64Array;
  count = 0;
  sum = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.count++;
    this.sum += value;
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

  begin(): void {
    this.started++;
    this.inFlight++;
  }

  end(code: number, seconds: number): void {
    this.inFlight--;
    let tally = this.byCode.get(code);
    if (!tally) this.byCode.set(code, (tally = new Tally(bucketBoundsSeconds)));
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

  of(functionName: string): FunctionMeter {
    let meter = this.#byFunction.get(functionName);
    if (!meter) this.#byFunction.set(functionName, (meter = new FunctionMeter()));
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
}
