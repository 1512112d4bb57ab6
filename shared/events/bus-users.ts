/**
 * Who may do what on the bus: the one table from which the server's configuration, what the built-in broker enforces, the
 * page of the threat model and the test that tries everything are made.
 */
import type { EventKind } from "./subjects.ts";

/** What is kept beside the events: a bucket `<prefix>-<name>` of each. */
export type BusStore = "lease" | "control" | "signatures" | "models";

/** What one user may do. */
export interface BusRights {
  /** For people: what needs these rights. */
  readonly who: string;
  readonly publishes: readonly EventKind[];
  /** Receives every event of these kinds as it is published. */
  readonly listens: readonly EventKind[];
  /** Shares the events of these kinds with others of its group: a durable consumer where events are kept, else a queue. */
  readonly shares: readonly SharedDelivery[];
  readonly reads: readonly BusStore[];
  /** Reads and writes. */
  readonly writes: readonly BusStore[];
  /** Looks at single events that are kept. */
  readonly looksUp: boolean;
  /** What the `source` of its events says. */
  readonly sources: readonly string[];
}

/** One kind of event that a group shares: each goes to one member. */
export interface SharedDelivery {
  readonly kind: EventKind;
  /** Name of the durable consumer. */
  readonly consumer: string;
  /** Name of the queue where nothing is kept. */
  readonly queue: string;
}

const NOTHING = {
  publishes: [],
  listens: [],
  shares: [],
  reads: [],
  writes: [],
  looksUp: false,
  sources: [],
} as const satisfies Omit<BusRights, "who">;

const ALL_KINDS = ["tick", "window", "proposal", "applied", "model", "load"] as const satisfies readonly EventKind[];

/** As `subscribe` of the event bus names them: by its `durable`, and by its `queue` or else its `durable`. */
const share = (durable: string, kind: EventKind, queue = durable): SharedDelivery => ({
  kind,
  consumer: `${durable}-${kind}`,
  queue,
});

/** The rights of every user. */
export const BUS_USERS = {
  "metrics-collector": {
    ...NOTHING,
    who: "closes windows and ticks",
    publishes: ["tick", "window"],
    listens: ["applied"],
    sources: ["metrics-collector"],
  },
  connector: {
    ...NOTHING,
    who: "carries events to the functions that ask for them",
    listens: ["tick", "window"],
    shares: ALL_KINDS.map((kind) => share(`connector-${kind}`, kind, "connector")),
  },
  "policy-inference": {
    ...NOTHING,
    who: "proposes",
    publishes: ["proposal"],
    listens: ["model"],
    reads: ["models"],
    writes: ["signatures"],
    sources: ["policy-inference"],
  },
  scaler: {
    ...NOTHING,
    who: "decides and applies",
    publishes: ["applied"],
    listens: ["tick", "window"],
    shares: [share("scaler-proposal", "proposal")],
    writes: ["lease", "control", "signatures"],
    sources: ["scaler"],
  },
  trainer: {
    ...NOTHING,
    who: "learns, judges, publishes models",
    publishes: ["model"],
    listens: ["tick"],
    shares: [share("trainer", "window"), share("trainer", "proposal"), share("trainer", "applied")],
    writes: ["models", "signatures"],
    sources: ["trainer"],
  },
  "load-generator": {
    ...NOTHING,
    who: "reports its replays",
    publishes: ["load"],
    looksUp: true,
    writes: ["signatures"],
    sources: ["load-generator"],
  },
  dashboard: { ...NOTHING, who: "the platform's page: reads", listens: ["window", "applied"] },
  cli: { ...NOTHING, who: "the command line: reads", listens: ALL_KINDS, reads: ["models", "control"] },
  external: {
    ...NOTHING,
    who: "proposes from outside, as `train --env live` does",
    publishes: ["proposal"],
    listens: ["tick", "window", "applied", "load"],
    sources: ["external", "replicant-train"],
  },
} as const satisfies Readonly<Record<string, BusRights>>;

/** A user of the table. */
export type BusUser = keyof typeof BUS_USERS;
/** All users of the table. */
export const BUS_USER_NAMES = Object.keys(BUS_USERS) as readonly BusUser[];

/** Makes the stream and the buckets, and repairs: may do everything. No part is given it. */
export const ADMIN = "admin";

/** A user's second name, with the same rights and another password: while the one is changed, the other is in use. */
const SECOND = "-b";

/** The names under which a user is known to the server. */
export function namesOf(user: BusUser): readonly [string, string] {
  return [user, `${user}${SECOND}`];
}

/** Whose rights somebody has who logs in under this name; null for a name that is not in the table. */
export function userOf(name: string): BusUser | null {
  return BUS_USER_NAMES.find((user) => namesOf(user).includes(name)) ?? null;
}

/** The rights of a user. */
export function rightsOf(user: BusUser): BusRights {
  return BUS_USERS[user];
}

/** What the `source` of an event of this kind may say. */
export function sourcesOf(kind: EventKind): readonly string[] {
  return BUS_USER_NAMES.filter((user) => rightsOf(user).publishes.includes(kind)).flatMap((user) => [
    ...rightsOf(user).sources,
  ]);
}
