/** The six subjects. Flat, because OpenFaaS's connectors match `topic` by string equality. */

/** The subject of each kind under the default prefix `replicant`. */
export const SUBJECTS = {
  tick: "replicant.tick",
  window: "replicant.window",
  proposal: "replicant.proposal",
  applied: "replicant.applied",
  model: "replicant.model",
  load: "replicant.load",
} as const;

/** The kinds of events. */
export type EventKind = keyof typeof SUBJECTS;
/** All kinds of events. */
export const EVENT_KINDS = Object.keys(SUBJECTS) as readonly EventKind[];

/** A tick is worth something until the next one, two seconds later: nobody wants it from a store. */
const NOT_KEPT: readonly EventKind[] = ["tick"];

/** Whether a stream keeps events of this kind, where there is a stream. */
export function isKept(kind: EventKind): boolean {
  return !NOT_KEPT.includes(kind);
}

/** The subject of a kind under the prefix of this system. */
export function subjectOf(kind: EventKind, prefix: string): string {
  return prefix + SUBJECTS[kind].slice("replicant".length);
}

/** `REPLICANT` for the prefix `replicant`. */
export function streamName(prefix: string): string {
  return prefix.toUpperCase().replaceAll(/[^A-Z0-9_-]/g, "_");
}
