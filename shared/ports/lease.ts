/** The right to act, of which several may ask and one at a time has it. */

/** A lease, as one contender sees it. */
export interface Lease {
  /** `nats`, `kubernetes`, `none`: shown in the status. */
  readonly kind: string;
  /** Grows from holder to holder: a platform can refuse the lower one. Null while not held, and where there is no lease. */
  readonly fencing: number | null;
  /** Why the lease's store could not be asked at the last try, in one sentence; null when it could. */
  readonly problem: string | null;
  /** Whether an act may begin now; one that began ends, or is aborted, within `actWithinMs`. `nowMs`: this process's own monotonic clock. */
  isHeld(nowMs: number): boolean;
  /** How long an act may take: nobody else can have the lease before it is over. */
  readonly actWithinMs: number;
  /** Calls with every change of `isHeld` that the loop notices, first with true. */
  onChange(listener: (held: boolean) => void): void;
  /** Asks, renews, asks again; gives the lease back when `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}
