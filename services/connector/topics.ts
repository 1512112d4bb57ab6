/** Which functions subscribe to which subject: the `topic` annotation, compared as a whole, as OpenFaaS's connectors do. */
import { type EventKind, EVENT_KINDS, SUBJECTS } from "#shared/events/subjects.ts";
import type { FunctionStatus } from "#shared/ports/function-gateway.ts";

/** A function that subscribes to a kind of events. */
export interface Listener {
  readonly functionName: string;
  /** Accepts a list of so many events in one call; 1: an event a call, as any function on OpenFaaS. */
  readonly maxEvents: number;
}

/** The listeners of each kind of event. */
export type Topics = ReadonlyMap<EventKind, readonly Listener[]>;

const BATCH_ANNOTATION = "replicant.batch";

/** A comma list names several subjects; wildcards match nothing. */
export function topicsOf(functions: readonly FunctionStatus[]): Topics {
  const topics = new Map<EventKind, Listener[]>();
  for (const { name: functionName, annotations } of functions) {
    const batch = annotations[BATCH_ANNOTATION] ?? "1";
    const listener = { functionName, maxEvents: /^[1-9]\d{0,3}$/.test(batch) ? Number(batch) : 1 };
    for (const topic of (annotations["topic"] ?? "").split(",").map((part) => part.trim())) {
      const kind = EVENT_KINDS.find((known) => SUBJECTS[known] === topic);
      if (kind) topics.set(kind, [...(topics.get(kind) ?? []), listener]);
    }
  }
  return topics;
}
