/** The scaler: the only part that touches the platform. One function's events are handled one after another. */
import type { Applied } from "#shared/core/decision.ts";
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { GuardSettings } from "#shared/guard/guard.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { PolicyFactory } from "#shared/core/policy.ts";
import type { Proposal } from "#shared/core/proposal.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { Timeliness } from "#shared/events/collector-time.ts";
import { CollectorWatch, type CollectorWatchStatus } from "#shared/events/collector-watch.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { ProposalMade, ReplicantEvent } from "#shared/events/types.ts";
import type { Log } from "#shared/host/log.ts";
import type { EventBus, Subscription } from "#shared/ports/event-bus.ts";
import type { Lease } from "#shared/ports/lease.ts";
import type { ScaleTarget } from "#shared/ports/scale-target.ts";
import { decisionWatch } from "./decision-watch.ts";
import type { ManagedFunctions } from "#shared/ports/managed-functions.ts";
import { FunctionScaler } from "./function-scaler.ts";
import { ManagedList, type ManagedListStatus } from "./managed-list.ts";
import { PublishedWindows } from "./published-windows.ts";
import { leadWhileHeld } from "./leader-election.ts";

/** What the scaler needs. */
export interface ScalerDeps {
  readonly bus: EventBus;
  readonly target: ScaleTarget;
  /** What the platform says is managed, and how. */
  readonly functions: ManagedFunctions;
  /** Why an operator wants a function not to be scaled; null while it may be. */
  readonly frozen?: (functionName: string) => string | null;
  readonly fallback: PolicyFactory;
  readonly settings: GuardSettings;
  readonly lease: Lease;
  readonly clock: Clock;
  /** Ages and the lease are measured by it. */
  readonly monotonic: Clock;
  readonly activity: Activity;
  /** Assumed until the first window says how long windows are. */
  readonly windowSeconds: number;
  readonly log: Log;
}

/** What the scaler did so far, for the status. */
export interface ScalerStatus {
  readonly decisions: number;
  readonly tooLate: number;
  readonly collector: CollectorWatchStatus;
  /** Proposals for a window that the collector did not publish. */
  readonly unmatched: number;
  readonly managed: ManagedListStatus;
  readonly lastProblem: string | null;
  /** Where several agree on the one that acts, whether that is this one, and its fencing number. */
  readonly lease: {
    readonly kind: string;
    readonly held: boolean;
    readonly fencing: number | null;
    /** Why its store could not be asked at the last try. */
    readonly problem: string | null;
  };
  /** By function: the last decision in one sentence. */
  readonly functions: Readonly<Record<string, string>>;
}

/** Takes windows, ticks and proposals, and scales. */
export interface Scaler {
  status(): ScalerStatus;
  /** One of the last decisions, whole; null when it is not remembered. */
  explain(decisionId: string): Applied | null;
  /** Null before the first list of managed functions. */
  isManaged(functionName: string): boolean | null;
  /** For the health: what keeps it from its work. */
  problems(): readonly string[];
  /** Resolves when all that was begun before has ended. */
  settled(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

interface Entry {
  readonly scaler: FunctionScaler;
  /** The collector's generation it began in: no instant of another one compares with its own. */
  readonly generation: number;
  turn: Promise<void>;
}

/** Enough for eight hours of one function, or for the last windows of many. */
const REMEMBERED_DECISIONS = 1_000;
/** Events of each kind in work at once: a platform that is slow with one function keeps the others waiting no longer than that. */
const MAX_AT_ONCE = 16;

/** A scaler that acts from `run` on, while it holds the lease. */
export function createScaler(deps: ScalerDeps): Scaler {
  const { bus, fallback, lease, clock, monotonic, activity, log } = deps;
  const functions = new Map<string, Entry>();
  const collector = new CollectorWatch({ clock, monotonic });
  const windows = new PublishedWindows();
  const managedList = new ManagedList({
    source: deps.functions,
    clock: monotonic,
    log,
    onList(isListed) {
      windows.keepOnly(isListed);
      activity.keepOnly(isListed);
      for (const name of functions.keys()) if (!isListed(name)) functions.delete(name);
    },
  });
  const remembered = new Map<string, Applied>();
  const watch = decisionWatch(activity, deps.windowSeconds);
  let decisions = 0;
  let tooLate = 0;
  let unmatched = 0;
  let acting = false;
  let lastProblem: string | null = null;

  async function report(applied: Applied): Promise<void> {
    decisions++;
    watch.applied(applied);
    remembered.set(applied.decisionId, applied);
    if (remembered.size > REMEMBERED_DECISIONS) remembered.delete(remembered.keys().next().value!);
    const { functionName, current, proposed, desired, applied: count, trigger, mode, decisionId } = applied;
    log.info(
      { event: "decided", functionName, decisionId, trigger, mode, current, proposed, desired, applied: count },
      applied.reason,
    );
    const key = decisionId.slice(functionName.length + 1);
    try {
      const about = { source: "scaler", subject: functionName, key, nowMs: clock.nowMs(), data: applied };
      await bus.publish(makeEvent("applied", about));
    } catch (thrown) {
      // The count is set all the same; the log line above keeps the audit whole.
      lastProblem = messageOf(thrown);
      log.warn({ decisionId, problem: lastProblem }, "the decision could not be published");
    }
  }

  function complain(functionName: string, problem: string): void {
    if (problem !== lastProblem) log.warn({ functionName, problem }, "the platform did not do as asked");
    lastProblem = problem;
  }

  /** Runs `work` after all earlier work for the function. */
  function inTurn(functionName: string, work: (scaler: FunctionScaler) => Promise<void>): Promise<void> {
    let entry = functions.get(functionName);
    if (entry?.generation !== collector.number) {
      const scaler = new FunctionScaler({
        ...deps,
        fallback: fallback(),
        monotonicNowMs: () => monotonic.nowMs(),
        report,
        restored: entry?.scaler.control,
        complain: (problem) => complain(functionName, problem),
      });
      entry = { scaler, generation: collector.number, turn: entry?.turn ?? Promise.resolve() };
      functions.set(functionName, entry);
    }
    const { scaler } = entry;
    entry.turn = entry.turn
      .then(() => work(scaler))
      .catch((thrown: unknown) => {
        lastProblem = messageOf(thrown);
        log.error({ functionName, err: thrown }, "a decision failed");
      });
    return entry.turn;
  }

  /** What may be acted on: news of the collector that is followed. */
  const isNews = (timeliness: Timeliness): boolean => {
    // A proposal was kept for us; the next tick shows whether it is news. It comes again in a moment.
    if (timeliness === "unknown") throw new Error("no event from the collector yet");
    if (timeliness === "late") tooLate++;
    return timeliness === "in-time";
  };

  /**
   * What was measured, as the platform lists it; null for what is not managed. Of what the event says beside it only the limits
   * that the collector met count.
   */
  function managedOf(
    { functionName, namespace }: { readonly functionName: string; readonly namespace: string },
    { platform }: ManagedFunction,
  ): ManagedFunction | null {
    const listed = managedList.find(functionName, namespace);
    return listed === null || platform === undefined ? listed : { ...listed, platform };
  }

  async function onTick(event: ReplicantEvent<"tick">): Promise<void> {
    const { tick } = event.data;
    const managed = managedOf(tick, event.data.managed);
    if (managed === null || collector.onTick(event) !== "in-time") return;
    watch.tick({ managed, tick });
    if (managed.mode !== "off") await inTurn(managed.functionName, (one) => one.onTick({ managed, tick }));
  }

  async function onWindow(event: ReplicantEvent<"window">): Promise<void> {
    const managed = managedOf(event.data.window, event.data.managed);
    if (managed === null || !isNews(collector.onWindow(event, { live: true }))) return;
    const { window, control } = event.data;
    const published = { managed, window, control };
    const waited = windows.add(published);
    if (managed.mode === "off") return;
    watch.window(published);
    // All in the queue of the function before this returns for the first time: a tenure that ends now waits for it.
    await Promise.all([...waited.map(decideOn), inTurn(managed.functionName, (one) => one.onWindow(published))]);
  }

  /** Also while another one acts: the proposals in its hands are ours if it dies. */
  async function rememberWindow({ data }: ReplicantEvent<"window">): Promise<void> {
    const managed = managedOf(data.window, data.managed);
    if (managed !== null) windows.add({ managed, window: data.window });
  }

  async function onProposal({ data }: ReplicantEvent<"proposal">): Promise<void> {
    // It was kept for us; it comes again in a moment.
    if (!managedList.isKnown) throw new Error("the platform's list of functions is not known yet");
    await decideOn(data);
  }

  async function decideOn(data: ProposalMade): Promise<void> {
    const { proposal } = data;
    const listed = managedList.find(proposal.functionName, proposal.namespace);
    if (listed === null || listed.mode === "off" || !isNews(collector.judge(data.window))) return;
    const match = windows.match(data);
    if (match.kind === "waits") return;
    if (match.kind === "other") return refuse(proposal, match.field);
    const { window, managed } = match.published;
    const made = { proposal, window, managed: { ...listed, platform: managed.platform } };
    watch.proposal(made);
    await inTurn(listed.functionName, (one) => one.onProposal(made));
  }

  function refuse({ decisionId, policy }: Proposal, field: string): void {
    unmatched++;
    lastProblem = `refused ${policy.name}'s proposal ${decisionId}: its ${field} is not what the collector published`;
    log.warn({ decisionId, problem: lastProblem }, "a proposal does not match its window");
  }

  const lead = (): Promise<Subscription[]> => {
    acting = true;
    return Promise.all([
      bus.subscribe("tick", onTick, { maxInFlight: MAX_AT_ONCE }),
      bus.subscribe("proposal", onProposal, { durable: "scaler-proposal", maxInFlight: MAX_AT_ONCE }),
    ]);
  };

  /** Ends the work in hand; what a guard remembers is of no use when this scaler leads again. */
  async function stepDown(subscriptions: readonly Subscription[]): Promise<void> {
    acting = false;
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
    await Promise.all([...functions.values()].map(({ turn }) => turn));
    functions.clear();
    // Another scaler acts now: nothing is expected here.
    activity.keepOnly(() => false);
  }

  return {
    status: () => ({
      decisions,
      tooLate,
      unmatched,
      managed: managedList.status(),
      collector: collector.status(),
      lastProblem: lastProblem ?? lease.problem,
      lease: {
        kind: lease.kind,
        held: lease.isHeld(monotonic.nowMs()),
        fencing: lease.fencing,
        problem: lease.problem,
      },
      functions: Object.fromEntries(
        [...functions].map(([name, { scaler }]) => [name, scaler.last?.reason ?? "no decision yet"]),
      ),
    }),
    isManaged: (functionName) => managedList.lists(functionName),
    problems: () => [lease.problem, managedList.status().problem].filter((problem) => problem !== null),
    settled: async () => void (await Promise.all([...functions.values()].map(({ turn }) => turn))),
    explain: (decisionId) => remembered.get(decisionId) ?? null,
    async run(signal) {
      const ending = new AbortController();
      const listing = managedList.run(ending.signal);
      const onAnyWindow = (event: ReplicantEvent<"window">) => (acting ? onWindow(event) : rememberWindow(event));
      const windows = await bus.subscribe("window", onAnyWindow, { maxInFlight: MAX_AT_ONCE });
      try {
        await leadWhileHeld(lease, { lead, stepDown }, signal);
      } finally {
        ending.abort();
        await windows.close();
        await listing;
      }
    },
  };
}
