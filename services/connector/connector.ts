/**
 * Delivers events to the functions that subscribe to them, over HTTP, signed, as they were published: what is in them is the
 * function's to read. Acknowledged when every one of them has answered 2xx.
 */
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import { readManagedFunction } from "#shared/core/managed-function.ts";
import { windowRealMs } from "#shared/events/age.ts";
import { CollectorWatch, FOLLOWING, type CollectorWatchStatus } from "#shared/events/collector-watch.ts";
import { SUBJECTS, type EventKind } from "#shared/events/subjects.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { Log } from "#shared/host/log.ts";
import type { EventBus, Subscription } from "#shared/ports/event-bus.ts";
import type { FunctionGateway, FunctionStatus } from "#shared/ports/function-gateway.ts";
import { createCarrier } from "./carrier.ts";
import { Lane, type LaneBounds } from "./lane.ts";
import { parcelOf, type Parcel } from "./parcel.ts";
import { topicsOf, type Listener, type Topics } from "./topics.ts";

/** What the connector needs. */
export interface ConnectorDeps {
  readonly bus: EventBus;
  readonly gateway: Pick<FunctionGateway, "list" | "invoke">;
  readonly clock: Clock;
  /** Ages are measured by it. */
  readonly monotonic: Pick<Clock, "nowMs">;
  readonly log: Log;
  /** The present signing key; null leaves calls unsigned, and functions then compute but publish nothing. */
  readonly key: () => string | null;
  readonly rebuildSeconds: number;
  readonly activity: Activity;
  /** Assumed until the first window says how long windows are. */
  readonly windowSeconds: number;
}

/** What the connector did so far, for the status. */
export interface ConnectorStatus {
  readonly topics: Readonly<Record<string, readonly string[]>>;
  readonly delivered: number;
  readonly failed: number;
  readonly tooLate: number;
  readonly collector: CollectorWatchStatus;
  readonly lastProblem: string | null;
}

/** Delivers events from the bus to the functions that subscribe to them. */
export interface Connector {
  status(): ConnectorStatus;
  /** Ends with `signal`; resolves when the last delivery has ended. */
  run(signal: AbortSignal): Promise<void>;
}

/** Events of each kind that are received and not yet acknowledged. */
const MAX_IN_FLIGHT = 32;
const MAX_CALLS = 16;
/** Where a function accepts lists, events that arrive during a call go with the next one; two, so that one that hangs blocks nothing. */
const MAX_LIST_CALLS = 2;
const UNDELIVERED = { else: "no function that proposes sees what happens" };

/** Nothing is delivered before `run`. */
export function createConnector(deps: ConnectorDeps): Connector {
  const { bus, gateway, clock, monotonic, log, key, rebuildSeconds, activity, windowSeconds } = deps;
  const carry = createCarrier({ gateway, clock, key });
  const collector = new CollectorWatch({ clock, monotonic });
  let following: Subscription | null = null;
  let topics: Topics = new Map();
  const subscriptions = new Map<EventKind, Subscription>();
  const lanes = new Map<string, Lane>();
  let delivered = 0;
  let failed = 0;
  let tooLate = 0;
  let lastProblem: string | null = null;

  async function deliver(event: ReplicantEvent, bytes: Uint8Array): Promise<void> {
    // It may be redelivered after an outage, so ticks are the better clock.
    if (event.kind === "window") collector.onWindow(event, { live: false });
    const listeners = topics.get(event.kind) ?? [];
    const parcel = parcelOf(event, bytes);
    const problems = await Promise.all(listeners.map((listener) => laneTo(listener, event.kind).send(parcel)));
    const problem = problems.find((one) => one !== null);
    if (problem !== undefined) throw new Error(problem);
  }

  function laneTo({ functionName, maxEvents }: Listener, kind: EventKind): Lane {
    const bounds: LaneBounds = { maxEvents, maxCalls: maxEvents > 1 ? MAX_LIST_CALLS : MAX_CALLS };
    const name = `${SUBJECTS[kind]} ${functionName}`;
    let lane = lanes.get(name);
    if (!lane) lanes.set(name, (lane = new Lane((parcels) => carryCurrent(functionName, kind, parcels), bounds)));
    lane.bounds = bounds;
    return lane;
  }

  /** Events that expired while they waited are dropped, and count as settled. */
  async function carryCurrent(functionName: string, kind: EventKind, parcels: readonly Parcel[]) {
    const current = parcels.filter((parcel) => !hasExpired(parcel));
    tooLate += parcels.length - current.length;
    const problems = current.length === 0 ? [] : await carry(functionName, kind, current);
    const refused = new Map<Parcel, string>();
    current.forEach((parcel, i) => {
      const problem = problems[i] ?? null;
      if (problem !== null) refused.set(parcel, problem);
      else noteDelivery(kind, parcel);
    });
    delivered += current.length - refused.size;
    failed += refused.size;
    lastProblem = [...refused.values()].at(-1) ?? lastProblem;
    return parcels.map((parcel) => refused.get(parcel) ?? null);
  }

  function noteDelivery(kind: EventKind, { subject, window }: Parcel): void {
    if (kind !== "window") return activity.did(`${kind}_delivery`, subject);
    activity.did("window_delivery", subject, { everyMs: windowRealMs(window!), ...UNDELIVERED });
  }

  /** A window of each managed function is expected to be delivered, whether or not a function subscribes to it. */
  function watch(functions: readonly FunctionStatus[]): void {
    const managed = functions.flatMap((one) => {
      const read = readManagedFunction(one).managed;
      return read && read.mode !== "off" ? [read.functionName] : [];
    });
    const names = new Set(managed);
    activity.keepOnly((name) => names.has(name));
    const everyMs = windowSeconds * 1_000;
    for (const name of managed) activity.expect("window_delivery", name, { everyMs, ...UNDELIVERED });
  }

  function hasExpired({ window }: Parcel): boolean {
    if (window === null) return false;
    const timeliness = collector.judge(window);
    return timeliness === "late" || timeliness === "refused";
  }

  async function rebuild(): Promise<void> {
    // Ticks are never redelivered: they serve as the clock.
    following ??= await bus.subscribe("tick", async (event) => void collector.onTick(event), FOLLOWING);
    try {
      const functions = await gateway.list();
      topics = topicsOf(functions);
      watch(functions);
    } catch (thrown) {
      // The last known topics stay valid while the gateway is unreachable.
      lastProblem = messageOf(thrown);
      log.warn({ problem: lastProblem }, "could not list functions");
      return;
    }
    for (const kind of topics.keys()) {
      if (subscriptions.has(kind)) continue;
      const subscription = await bus.subscribe(kind, deliver, {
        durable: `connector-${kind}`,
        queue: "connector",
        maxInFlight: MAX_IN_FLIGHT,
      });
      subscriptions.set(kind, subscription);
      log.info({ subject: SUBJECTS[kind], functions: namesOf(topics.get(kind)!) }, "delivering");
    }
  }

  return {
    status: () => ({
      topics: Object.fromEntries([...topics].map(([kind, listeners]) => [SUBJECTS[kind], namesOf(listeners)])),
      delivered,
      failed,
      tooLate,
      collector: collector.status(),
      lastProblem,
    }),
    async run(signal) {
      while (!signal.aborted) {
        await rebuild().catch((thrown: unknown) => log.warn({ problem: messageOf(thrown) }, "could not subscribe"));
        await clock.sleep(rebuildSeconds * 1_000, signal);
      }
      const all = [...subscriptions.values(), ...(following ? [following] : [])];
      await Promise.all(all.map((subscription) => subscription.close()));
    },
  };
}

const namesOf = (listeners: readonly Listener[]): string[] => listeners.map(({ functionName }) => functionName);
