/** How many replicas the requests of an instant need, and what that was computed from. */
import type { ReplicaTarget } from "../../core/replica-target.ts";

/** Replicas needed at an instant of trace time, with the numbers that they come from. */
export interface Need {
  readonly atMs: number;
  /** Not rounded, so that two needs compare. */
  readonly replicas: number;
  readonly from:
    | {
        readonly kind: "rate";
        readonly rps: number;
        readonly replicasPerRps: number;
        readonly headroom: number;
        readonly words: string | null;
      }
    | { readonly kind: "queue"; readonly inFlight: number; readonly perReplica: number }
    | { readonly kind: "least"; readonly words: string | null };
}

/** The largest of what the rate, the requests in flight and the target itself ask for; the first of equals. */
export function needOf(
  atMs: number,
  { rps, inFlight }: { readonly rps: number; readonly inFlight: number | null },
  { replicasPerRps, headroom, headroomWords, inFlightPerReplica: perReplica, leastReplicas }: ReplicaTarget,
): Need {
  const byRate = rps * replicasPerRps * headroom;
  const byQueue = (inFlight ?? 0) / perReplica;
  if (byRate >= byQueue && byRate >= leastReplicas) {
    const words = headroomWords ?? null;
    return { atMs, replicas: byRate, from: { kind: "rate", rps, replicasPerRps, headroom, words } };
  }
  if (byQueue >= leastReplicas)
    return { atMs, replicas: byQueue, from: { kind: "queue", inFlight: inFlight ?? 0, perReplica } };
  return { atMs, replicas: leastReplicas, from: { kind: "least", words: headroomWords ?? null } };
}

/** "2.8 requests/s × 1.43 replicas each × headroom 2.1". */
export function needWords({ replicas, from }: Need): string {
  switch (from.kind) {
    case "rate":
      return (
        `${read(from.rps)} requests/s × ${read(from.replicasPerRps)} replicas each × ` +
        `headroom ${read(from.headroom)}${inBrackets(from)}`
      );
    case "queue":
      return `${read(from.inFlight)} in flight ÷ ${read(from.perReplica)} a replica`;
    case "least":
      return `at least ${read(replicas)} wanted${inBrackets(from)}`;
  }
}

const inBrackets = ({ words }: { readonly words: string | null }) => (words === null ? "" : ` (${words})`);

/** Three digits: what a person compares. */
function read(value: number): string {
  return String(Number(value.toPrecision(3)));
}
