/** Carries events to the functions that ask for them, over HTTP, signed; acknowledged when every one has answered 2xx. */
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
import { topicsOf, type Listener, type Topics } from "./topics.ts";

export interface ConnectorDeps {
  readonly bus: EventBus;
  readonly gateway: Pick<FunctionGateway, "list" | "invoke">;
  readonly clock: Clock;
  /** Ages are its. */
  readonly monotonic: Pick<Clock, "nowMs">;
  readonly log: Log;
  /** The key that signs calls now; null leaves them unsigned, and functions then compute but publish nothing. */
  readonly key: () => string | null;
  readonly rebuildSeconds: number;
  readonly activity: Activity;
  /** Until a window tells how long windows are. */
  readonly windowSeconds: number;
}

export interface ConnectorStatus {
  readonly topics: Readonly<Record<string, readonly string[]>>;
  readonly delivered: number;
  readonly failed: number;
  readonly tooLate: number;
  readonly collector: CollectorWatchStatus;
  readonly lastProblem: string | null;
}

export interface Connector {
  status(): ConnectorStatus;
  /** Ends with `signal`; resolves when the last delivery has ended. */
  run(signal: AbortSignal): Promise<void>;
}

/** Of each kind, in our hands: handed over by the bus and not yet acknowledged. */
const MOST_IN_HAND = 32;
const MOST_CALLS = 16;
/** Where a function takes lists, what comes during a call goes with the next one; two, so that one that hangs keeps nobody. */
const MOST_LIST_CALLS = 2;
const UNDELIVERED = { else: "no function that proposes sees what happens" };

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

  async function deliver(event: ReplicantEvent): Promise<void> {
    // Kept for us while we were away, perhaps: what the time is, ticks tell better.
    if (event.kind === "window") collector.onWindow(event, { live: false });
    const listeners = topics.get(event.kind) ?? [];
    const problems = await Promise.all(listeners.map((listener) => laneTo(listener, event.kind).send(event)));
    const problem = problems.find((one) => one !== null);
    if (problem !== undefined) throw new Error(problem);
  }

  function laneTo({ functionName, mostEvents }: Listener, kind: EventKind): Lane {
    const bounds: LaneBounds = { mostEvents, mostCalls: mostEvents > 1 ? MOST_LIST_CALLS : MOST_CALLS };
    const name = `${SUBJECTS[kind]} ${functionName}`;
    let lane = lanes.get(name);
    if (!lane) lanes.set(name, (lane = new Lane((events) => carryYoung(functionName, kind, events), bounds)));
    lane.bounds = bounds;
    return lane;
  }

  /** Waiting took its time: what is too late by now has come as far as it shall. */
  async function carryYoung(functionName: string, kind: EventKind, events: readonly ReplicantEvent[]) {
    const young = events.filter((event) => !isLate(event));
    tooLate += events.length - young.length;
    const problems = young.length === 0 ? [] : await carry(functionName, kind, young);
    const refused = new Map<ReplicantEvent, string>();
    young.forEach((event, i) => {
      const problem = problems[i] ?? null;
      if (problem !== null) refused.set(event, problem);
      else noteDelivery(event);
    });
    delivered += young.length - refused.size;
    failed += refused.size;
    lastProblem = [...refused.values()].at(-1) ?? lastProblem;
    return events.map((event) => refused.get(event) ?? null);
  }

  function noteDelivery(event: ReplicantEvent): void {
    if (event.kind !== "window") return activity.did(`${event.kind}_delivery`, event.subject);
    activity.did("window_delivery", event.subject, { everyMs: windowRealMs(event.data.window), ...UNDELIVERED });
  }

  /** A window of each managed function is to be carried to somebody, whether or not somebody asks for it. */
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

  function isLate(event: ReplicantEvent): boolean {
    if (event.kind !== "window" && event.kind !== "proposal") return false;
    const timeliness = collector.judge(event.data.window);
    return timeliness === "late" || timeliness === "refused";
  }

  async function rebuild(): Promise<void> {
    // Ticks are never kept for anyone: they tell what the time is.
    following ??= await bus.subscribe("tick", async (event) => void collector.onTick(event), FOLLOWING);
    try {
      const functions = await gateway.list();
      topics = topicsOf(functions);
      watch(functions);
    } catch (thrown) {
      // The last known topics stay good: a gateway that is away for a moment forgets no function.
      lastProblem = messageOf(thrown);
      log.warn({ problem: lastProblem }, "could not list functions");
      return;
    }
    for (const kind of topics.keys()) {
      if (subscriptions.has(kind)) continue;
      const subscription = await bus.subscribe(kind, deliver, {
        durable: `connector-${kind}`,
        queue: "connector",
        mostAtOnce: MOST_IN_HAND,
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
