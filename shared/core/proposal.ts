/** What a policy recommends, and what it saw. */
import type { ReplicaTarget } from "./replica-target.ts";

/** Which policy acted; the version of a model identifies its checkpoint. */
export interface PolicyIdentity {
  readonly name: string;
  readonly version: string;
}

/** What a policy proposed for one window: an event on the bus. */
export interface Proposal {
  /** As `decisionIdOf` makes it: the same window gives the same id. */
  readonly decisionId: string;
  readonly functionName: string;
  readonly namespace: string;
  /** The window's. */
  readonly generation: string;
  readonly seq: number;
  readonly endedAtMs: number;
  readonly policy: PolicyIdentity;
  readonly proposedReplicas: number;
  /** One clause, in the policy's words: "in-flight 12.4 ÷ target 3.5". */
  readonly because: string;
  /** Learned policies only; null for rules. */
  readonly learned: LearnedDetail | null;
  /** Where it is given, ticks hold it until the next window, in place of the count. Absent in older events. */
  readonly target?: ReplicaTarget | undefined;
  /** True: reported for the record only; the fallback rule decides on this window. */
  readonly isAdvice?: boolean | undefined;
}

/** What the learner needs to learn from a proposal later. */
export interface LearnedDetail {
  readonly layout: string;
  readonly observation: readonly number[];
  readonly action: number;
  readonly actionMask: readonly boolean[];
  readonly logProbability: number;
  readonly value: number;
}

/**
 * `<function>@<generation>.<ms>`, or `<function>@<ms>` without a generation. Derived, never random: a recorded stream replays to
 * the same ids; and a clock that was set back comes to no id again, for that takes the same generation.
 */
export function decisionIdOf(functionName: string, atMs: number, generation = ""): string {
  return `${functionName}@${instantKey(atMs, generation)}`;
}

/** What makes an event unique for its function and kind: an instant of one generation. */
export function instantKey(atMs: number, generation: string): string {
  return generation === "" ? String(atMs) : `${generation}.${atMs}`;
}
