/** A function's state in one word, and why where the word does not say it. */
import type { FunctionSnapshot } from "../provider/types.ts";
import type { FunctionState } from "./types.ts";

type Counted = Pick<FunctionSnapshot, "desiredReplicas" | "availableReplicas" | "backOff">;

/** `nowMs` is the wall clock, by which the next start waits. */
export function stateOf({ desiredReplicas, availableReplicas, backOff }: Counted, nowMs: number): FunctionState {
  if (backOff) return { kind: "back-off", detail: whyBackOff(backOff, nowMs) };
  if (availableReplicas === desiredReplicas) return { kind: desiredReplicas === 0 ? "idle" : "ready", detail: null };
  if (availableReplicas === 0) return { kind: "starting", detail: null };
  return { kind: "scaling", detail: `${availableReplicas} → ${desiredReplicas}` };
}

function whyBackOff({ failures, untilMs, lastError }: NonNullable<Counted["backOff"]>, nowMs: number): string {
  const waitSeconds = Math.ceil((untilMs - nowMs) / 1_000);
  const next = waitSeconds > 0 ? `next start in ${waitSeconds} s` : "starting again";
  return `${failures} ${failures === 1 ? "failure" : "failures"}, ${next}; last: ${lastError}`;
}
