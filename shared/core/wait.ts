/** Waiting until a condition holds: one loop, with a deadline and a clock that are passed in. */
import type { Clock } from "./clock.ts";
import { InterruptedError } from "./errors.ts";

/** How `waitUntil` waits. */
export interface WaitOptions {
  readonly clock: Clock;
  /** How long to wait at most, milliseconds. */
  readonly withinMs: number;
  /** Pause between two looks, milliseconds. Default 50. */
  readonly everyMs?: number | undefined;
  /** Ends the wait; its reason is thrown where that is an error of ours, else `InterruptedError`. */
  readonly signal?: AbortSignal | undefined;
}

/** Resolves with true once the condition holds, with false when the deadline has passed. Rejects when the signal aborts. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { clock, withinMs, everyMs = 50, signal }: WaitOptions,
): Promise<boolean> {
  const deadlineMs = clock.nowMs() + withinMs;
  while (!(await condition())) {
    if (signal?.aborted) throw reasonOf(signal);
    if (clock.nowMs() >= deadlineMs) return false;
    await clock.sleep(everyMs, signal);
  }
  return true;
}

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** An abort without a reason of its own carries a `DOMException`: the person ended it. */
function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error && !(reason instanceof DOMException) ? reason : new InterruptedError();
}
