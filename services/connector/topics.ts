/** Which functions want which subject: the `topic` annotation, compared as a whole, as OpenFaaS's connectors do. */
import type { EventKind } from "#shared/events/subjects.ts";
import { EVENT_KINDS, SUBJECTS } from "#shared/events/subjects.ts";
import type { FunctionStatus } from "#shared/ports/function-gateway.ts";

export type Topics = ReadonlyMap<EventKind, readonly string[]>;

/** A comma list names several subjects; wildcards match nothing. */
export function topicsOf(functions: readonly FunctionStatus[]): Topics {
  const topics = new Map<EventKind, string[]>();
  for (const { name, annotations } of functions) {
    for (const topic of (annotations["topic"] ?? "").split(",").map((part) => part.trim())) {
      const kind = EVENT_KINDS.find((known) => SUBJECTS[known] === topic);
      if (kind) topics.set(kind, [...(topics.get(kind) ?? []), name]);
    }
  }
  return topics;
}
