/** One decision with what the record holds around it: all that a promise is judged by. */
import type { Applied } from "../../core/decision.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import type { Proposal } from "../../core/proposal.ts";
import type { MetricsWindow, Tick } from "../../core/window.ts";
import type { GuardSettings } from "../settings.ts";

/** A decision and its surroundings in the record. */
export interface Case {
  readonly decision: Applied;
  /** Earlier decisions of the function, in the order of the record. */
  readonly earlier: readonly Applied[];
  /** The function as reported around the decision: with its window or tick, and with the one before and after. Empty when none is recorded. */
  readonly managed: readonly ManagedFunction[];
  /** The window decided on; null for a decision between windows, and where it is not recorded. */
  readonly window: MetricsWindow | null;
  /** The tick decided on; null where it is not recorded, or a window was decided on. */
  readonly tick: Tick | null;
  /** Every tick of the function in the decision's generation, oldest first. */
  readonly ticks: readonly Tick[];
  /** Proposals recorded for this decision; null when it is not known whether there were others. */
  readonly proposals: readonly Proposal[] | null;
  /** The record began before what was decided on: what is missing now was never there. */
  readonly covered: boolean;
  readonly settings: GuardSettings;
}

/** `not-asked`: the promise says nothing about this decision. Null: kept. A sentence: broken, and how. */
export type Verdict = "not-asked" | null | { readonly broken: string };

/** Judges one promise for one decision. */
export type Check = (one: Case) => Verdict;

/** The verdict on a promise that was kept. */
export const kept = null;
/** The verdict where a promise says nothing about the decision. */
export const notAsked = "not-asked";
/** The verdict on a broken promise; `sentence` says how. */
export const broken = (sentence: string): Verdict => ({ broken: sentence });

/** Whether a target was held: then the guard adds safety alone, and how fast the count moves is the policy's. */
export const isHeld = ({ control }: Applied): boolean => control !== undefined;

/** Whether the platform was asked. */
export const wasSent = ({ target }: Applied): boolean => target !== "none";

/** What we moved the count by, as the guard remembers it; an unanswered request may have happened. */
export function changeOf({ current, desired, applied, target }: Applied): number {
  if (target === "none" || current === null || desired === null) return 0;
  return (applied ?? desired) - current;
}

/** Decided by one guard without a restart between; where the record does not say, by one lease. */
export function sameTenure(a: Applied, b: Applied): boolean {
  return a.generation === b.generation && a.fencing === b.fencing && a.guardSinceMs === b.guardSinceMs;
}

/** Whether nothing was decided between the two by their guard; what older events do not say is assumed. */
export function follows(after: Applied, before: Applied): boolean {
  return sameTenure(before, after) && (after.previousId === undefined || after.previousId === before.decisionId);
}

/** Earlier decisions of the same guard, not older than `sinceMs`, newest first. `isWhole`: the record has all of them. */
export function earlierSince({ decision, earlier }: Case, sinceMs: number): { found: Applied[]; isWhole: boolean } {
  const found: Applied[] = [];
  let next = decision;
  for (let at = earlier.length - 1; at >= 0; at--) {
    const other = earlier[at]!;
    if (!follows(next, other)) break;
    if (other.atMs < sinceMs) return { found, isWhole: true };
    found.push(other);
    next = other;
  }
  return { found, isWhole: next.previousId === null || next.previousId === undefined };
}

/** Whether the guard itself says something of the count that it found; a policy's words are in later stages. */
export const foundNote = ({ stages }: Applied, words: string): boolean => stages[0]?.note?.includes(words) === true;

/** Whether an operator had frozen the function. */
export const isFreeze = (decision: Applied): boolean => foundNote(decision, "frozen by ");
