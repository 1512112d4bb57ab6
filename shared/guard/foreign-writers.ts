/** Two writers: a count that someone else changed is reported once, and Replicant steps back for one window. */
import type { ManagedFunction } from "../core/managed-function.ts";
import type { ForeignChange, GuardState } from "./state.ts";

/** What a reading of the count shows about other writers. */
export interface Watched {
  readonly state: GuardState;
  /** Set while this very reading shows a foreign change. */
  readonly backOff: ForeignChange | null;
  /** What the decision is to report: each foreign change once. */
  readonly report: ForeignChange | null;
}

/**
 * Compares the count read with the one last read back. A change that is not ours is reported once; until the next window
 * Replicant backs off, then takes the found count as its own starting point. Where Replicant does not apply, others may
 * do as they like; and from zero it is the gateway that scales when a call comes.
 */
export function watchForeignWriters(
  state: GuardState,
  managed: ManagedFunction,
  read: number | null,
  on: "window" | "tick" = "window",
): Watched {
  if (read === null) return { state, backOff: null, report: null };
  const { expected, foreign } = state;
  const ours = managed.mode === "auto" || managed.mode === "canary";
  const wokenByGateway = expected === 0 && read > 0;
  const adopted = { ...state, expected: read };
  if (ours && expected !== null && read !== expected && !wokenByGateway) {
    const change = { expected, found: read };
    const next = { ...adopted, foreign: { ...change, reported: on === "window" } };
    return { state: next, backOff: change, report: on === "window" ? change : null };
  }
  if (foreign === null || on === "tick") return { state: adopted, backOff: null, report: null };
  const report = foreign.reported ? null : { expected: foreign.expected, found: foreign.found };
  return { state: { ...adopted, foreign: null }, backOff: null, report };
}
