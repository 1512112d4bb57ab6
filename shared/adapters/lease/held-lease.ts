/**
 * A lease on a store with compare-and-set, by durations only. The holder counts from *before* it sent a renewal, on its own
 * monotonic clock, and begins no act after `holdMs`; an act takes at most `actWithinMs`. A contender takes the lease when it
 * saw the same version for `takeAfterMs` on *its* clock, which it began to count after that version was written. As
 * `holdMs + actWithinMs` is less than `takeAfterMs`, the last act is over before the next holder's first.
 */
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Lease } from "../../ports/lease.ts";
import type { LeaseStore, StoredLease } from "./record.ts";

/** The periods of a lease, monotonic milliseconds. */
export interface LeaseTimes {
  /** Pause between renewals, and between looks of a contender. */
  readonly everyMs: number;
  readonly holdMs: number;
  readonly actWithinMs: number;
  readonly takeAfterMs: number;
}

/** A second of reserve for clocks that do not run equally fast; a killed holder is followed within 8 s. */
export const LEASE_TIMES: LeaseTimes = { everyMs: 750, holdMs: 3_000, actWithinMs: 3_000, takeAfterMs: 7_000 };

/** Where the lease is, who asks for it, and by which clock. */
export interface HeldLeaseOptions {
  readonly store: LeaseStore;
  /** Unique to this process and start. */
  readonly holder: string;
  readonly clock: Clock;
  readonly log: (message: string) => void;
  readonly times?: LeaseTimes;
}

/** The lease on `store`. Throws `RangeError` for times under which two could act at once. */
export function heldLease({ store, holder, clock, log, times = LEASE_TIMES }: HeldLeaseOptions): Lease {
  const { everyMs, holdMs, actWithinMs, takeAfterMs } = times;
  if (holdMs + actWithinMs >= takeAfterMs) throw new RangeError("holdMs + actWithinMs must be less than takeAfterMs");
  const listeners: ((held: boolean) => void)[] = [];
  let mine: { readonly version: string; readonly fencing: number; readonly untilMs: number } | null = null;
  /** What is in the store, and since when it has not changed. */
  let seen: { readonly stored: StoredLease | null; readonly sinceMs: number } | null = null;
  let reported = false;
  let problem: string | null = null;

  const isHeld = (nowMs: number) => mine !== null && nowMs < mine.untilMs;

  async function write(expected: string | null, fencing: number): Promise<void> {
    const startMs = clock.nowMs();
    const version = await store.write({ holder, fencing, takeAfterMs }, expected);
    mine = version === null ? null : { version, fencing, untilMs: startMs + holdMs };
  }

  /** One look, and what follows from it. Rejects when the store does not answer; what is held runs out by itself. */
  async function turn(): Promise<void> {
    if (mine && isHeld(clock.nowMs())) {
      await write(mine.version, mine.fencing);
      if (mine) return;
    }
    const stored = await store.read();
    const nowMs = clock.nowMs();
    const before = seen;
    if (before === null || before.stored?.version !== stored?.version) seen = { stored, sinceMs: nowMs };
    if (stored?.record.holder === holder) {
      // Ours still, although a renewal's answer was lost or this process was paused: nobody else has acted.
      return write(stored.version, stored.record.fencing);
    }
    mine = null;
    if (mayTake(stored, before !== null, nowMs))
      await write(stored?.version ?? null, (stored?.record.fencing ?? 0) + 1);
  }

  function mayTake(stored: StoredLease | null, looked: boolean, nowMs: number): boolean {
    const unchangedMs = nowMs - seen!.sinceMs;
    // At our first look an empty store is a new one; later it is one that lost what a holder may still rely on.
    if (stored === null) return !looked || unchangedMs >= takeAfterMs;
    return stored.record.holder === null || unchangedMs >= Math.max(takeAfterMs, stored.record.takeAfterMs);
  }

  function report(): void {
    const held = isHeld(clock.nowMs());
    if (held === reported) return;
    reported = held;
    log(held ? `holds the lease, fencing ${mine!.fencing}` : "does not hold the lease any more");
    for (const listener of listeners) listener(held);
  }

  return {
    kind: store.kind,
    actWithinMs,
    isHeld,
    get fencing() {
      return mine?.fencing ?? null;
    },
    get problem() {
      return problem;
    },
    onChange: (listener) => void listeners.push(listener),
    async run(signal) {
      while (!signal.aborted) {
        try {
          await turn();
          problem = null;
        } catch (thrown) {
          const found = `the lease could not be asked for: ${messageOf(thrown)}`;
          if (found !== problem) log(found);
          problem = found;
        }
        report();
        await clock.sleep(everyMs, signal);
      }
      await giveBack();
    },
  };

  /** The next holder need not wait. */
  async function giveBack(): Promise<void> {
    const last = mine;
    mine = null;
    report();
    if (last) await store.write({ holder: null, fencing: last.fencing, takeAfterMs }, last.version).catch(() => null);
    await store.close().catch(() => {});
  }
}
