/** What a step is worth: an objective is one formula over the facts of a step, its terms reported one by one. */
import type { MetricsWindow } from "../../core/window.ts";

/** What is known of a step, whether it was simulated or measured on a running platform. */
export interface StepFacts {
  /** The window that followed the action. */
  readonly window: MetricsWindow;
  /** Desired replicas that the action asked for. */
  readonly requestedReplicas: number;
  /** The request was within the function's bounds. */
  readonly isWithinBounds: boolean;
  readonly sloSeconds: number;
  /** Replicas integrated over the window. */
  readonly replicaSeconds: number;
  /** Requests late, failed or shed ÷ requests that ended in the window, 0…1; 0 when none ended. */
  readonly violationShare: number;
  /** Replicas that the window's load needs. */
  readonly neededReplicas: number;
  /** The same, as it usually is. */
  readonly usualReplicas: number;
}

/** The reward of one step, with the terms of its sum. */
export interface Reward {
  readonly total: number;
  /** What was added up; the same names at every step of an objective. */
  readonly terms: Readonly<Record<string, number>>;
}

/** Never edited in place, since checkpoints name it: a changed objective gets a new name. */
export interface Objective {
  readonly name: string;
  /** `refuse`: an action beyond the bounds scales nothing and is punished; `clip`: it is cut to the bounds. */
  readonly beyondBounds: "refuse" | "clip";
  readonly rewardOf: (facts: StepFacts) => Reward;
}

/** For an action that leaves the bounds, in both published objectives. */
export const INVALID_ACTION_REWARD = -100;

/** u* of the published method: how busy a replica is meant to be. */
export const TARGET_UTILISATION = 0.7;

/** The sum of the terms; an action beyond the bounds gets −100 in place of all of them. */
export function summed(terms: Record<string, number>, isWithinBounds = true): Reward {
  if (!isWithinBounds) {
    const none = Object.fromEntries(Object.keys(terms).map((name) => [name, 0]));
    return { total: INVALID_ACTION_REWARD, terms: { ...none, invalid: INVALID_ACTION_REWARD } };
  }
  let total = 0;
  for (const name of Object.keys(terms)) total += terms[name]!;
  return { total, terms };
}
