/** What a policy decides at a window's end where ticks hold it: not a count, but how to come to one until the next window. */

/** Replicas = requests per second × `replicasPerRps` × `headroom`, and what the rest of it asks for; held on every tick. */
export interface ReplicaTarget {
  /** Replicas that a request a second keeps 70 % busy. */
  readonly replicasPerRps: number;
  /** How many times that there are to be: the room for chance, and for what comes before a replica has started. */
  readonly headroom: number;
  /** Where the headroom comes from, where it is worth telling. */
  readonly headroomWords?: string | undefined;
  /** A replica with more requests in flight than this is behind, whatever the rate says. */
  readonly inFlightPerReplica: number;
  /** A burst shorter than this makes no request late, seconds. */
  readonly patienceSeconds: number;
  /** At least so many, whatever comes; 0 where nothing more is asked. */
  readonly leastReplicas: number;
  /** The largest need of so many seconds counts, and of so many times the seconds that a start takes: a scale-down waits as long. */
  readonly holdSeconds: number;
  readonly holdStarts: number;
  /** What the policy goes on from after a restart: travels with every decision, and comes back with the next window. */
  readonly memory: Readonly<Record<string, number>>;
}
