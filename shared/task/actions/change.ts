/** The five actions: a change of the *desired* replicas. */

export const ACTION_DELTAS = [-2, -1, 0, 1, 2] as const;
export const ACTIONS = ACTION_DELTAS.length;
/** The index that changes nothing. */
export const NO_CHANGE = 2;

export interface ReplicaBounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/** What an action asks for; it may lie outside the bounds. */
export function requestedReplicas(desired: number, action: number): number {
  return desired + ACTION_DELTAS[action]!;
}

export function isWithin(replicas: number, { minReplicas, maxReplicas }: ReplicaBounds): boolean {
  return replicas >= minReplicas && replicas <= maxReplicas;
}

/** 1 where the action stays within the bounds. Changing nothing is always allowed. */
export function actionMask(desired: number, bounds: ReplicaBounds): Uint8Array {
  return Uint8Array.from(ACTION_DELTAS, (delta) => (delta === 0 || isWithin(desired + delta, bounds) ? 1 : 0));
}
