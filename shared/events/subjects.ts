/** The six subjects. Flat, because OpenFaaS's connectors match `topic` by string equality. */

export const SUBJECTS = {
  tick: "replicant.tick",
  window: "replicant.window",
  proposal: "replicant.proposal",
  applied: "replicant.applied",
  model: "replicant.model",
  load: "replicant.load",
} as const;

export type EventKind = keyof typeof SUBJECTS;
export const EVENT_KINDS = Object.keys(SUBJECTS) as readonly EventKind[];
