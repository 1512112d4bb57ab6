/** What an agent's actions mean: how many there are, which are allowed, and which replica count each asks for. */
import type { LoadNeed } from "../load-meter.ts";

/** The least and the most replicas that may be asked for. */
export interface ReplicaBounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/** What an action is read against. */
export interface ActionContext {
  readonly desiredReplicas: number;
  readonly bounds: ReplicaBounds;
  readonly need: LoadNeed;
}

/** Room above the load, in multiples of what is needed now, or of the latest peak. */
export interface Headroom {
  readonly of: keyof LoadNeed;
  readonly times: number;
}

/** The count that an action asks for. */
export interface ActionRequest {
  /** May lie outside the bounds, where the scheme allows it. */
  readonly replicas: number;
  readonly isWithinBounds: boolean;
  /** "+2 on 5", "1.9 × 2.4 replicas needed now". */
  readonly words: string;
  /** What ticks can hold between two windows; null where actions change a count. */
  readonly headroom: Headroom | null;
}

/** Never edited in place, since checkpoints name it: a changed scheme gets a new name. */
export interface ActionScheme {
  readonly name: string;
  /** Actions are 0…count − 1. */
  readonly count: number;
  /** What the constant policy always does: agents are compared with it while they learn. */
  readonly constantAction: number;
  /** Every action leaves a headroom, so ticks can hold it between two windows. */
  readonly isHoldable: boolean;
  /** [count], 1 where the action is allowed; at least one is. */
  readonly maskOf: (context: Pick<ActionContext, "desiredReplicas" | "bounds">) => Uint8Array;
  readonly requestOf: (action: number, context: ActionContext) => ActionRequest;
  /** The action that would have asked for `replicas`; null where none does, or where that cannot be known from the counts. */
  readonly actionFor: (replicas: number, desiredReplicas: number) => number | null;
}

/** Whether a count lies within the bounds, both included. */
export function isWithin(replicas: number, { minReplicas, maxReplicas }: ReplicaBounds): boolean {
  return replicas >= minReplicas && replicas <= maxReplicas;
}
