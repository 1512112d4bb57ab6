/** The scaler: the only part that touches the platform. One function's events are handled one after another. */
import type { Applied } from "#shared/core/decision.ts";
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { GuardSettings } from "#shared/core/guard.ts";
import type { PolicyFactory } from "#shared/core/policy.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { Standing } from "#shared/events/collector-time.ts";
import { CollectorWatch, type CollectorWatchStatus } from "#shared/events/collector-watch.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { Log } from "#shared/host/log.ts";
import type { EventBus, Subscription } from "#shared/ports/event-bus.ts";
import type { Lease } from "#shared/ports/lease.ts";
import type { ScaleTarget } from "#shared/ports/scale-target.ts";
import { decisionWatch } from "./decision-watch.ts";
import { FunctionScaler } from "./function-scaler.ts";
import { whileHeld } from "./while-held.ts";

export interface ScalerDeps {
  readonly bus: EventBus;
  readonly target: ScaleTarget;
  readonly fallback: PolicyFactory;
  readonly settings: GuardSettings;
  readonly lease: Lease;
  readonly clock: Clock;
  /** Ages are its, and the lease's. */
  readonly monotonic: Pick<Clock, "nowMs">;
  readonly activity: Activity;
  /** Until a window tells how long windows are. */
  readonly windowSeconds: number;
  readonly log: Log;
}

export interface ScalerStatus {
  readonly decisions: number;
  readonly tooLate: number;
  readonly collector: CollectorWatchStatus;
  readonly lastProblem: string | null;
  /** Where several agree on the one that acts, whether that is this one, and its fencing number. */
  readonly lease: { readonly kind: string; readonly held: boolean; readonly fencing: number | null };
  /** By function: the last decision in one sentence. */
  readonly functions: Readonly<Record<string, string>>;
}

export interface Scaler {
  status(): ScalerStatus;
  /** One of the last decisions, whole; null when it is not remembered. */
  explain(decisionId: string): Applied | null;
  run(signal: AbortSignal): Promise<void>;
}

/** Enough for eight hours of one function, or for the last windows of many. */
interface Entry {
  readonly scaler: FunctionScaler;
  /** The collector's generation it began in: no instant of another one compares with its own. */
  readonly generation: number;
  turn: Promise<void>;
}

const REMEMBERED_DECISIONS = 1_000;
/** Events of each kind in work at once: a platform that is slow with one function keeps the others waiting no longer than that. */
const MOST_AT_ONCE = 16;

export function createScaler(deps: ScalerDeps): Scaler {
  const { bus, target, fallback, settings, lease, clock, monotonic, log } = deps;
  const functions = new Map<string, Entry>();
  const collector = new CollectorWatch({ clock, monotonic });
  const remembered = new Map<string, Applied>();
  const watch = decisionWatch(deps.activity, deps.windowSeconds);
  let decisions = 0;
  let tooLate = 0;
  let lastProblem: string | null = null;

  async function tell(applied: Applied): Promise<void> {
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
      const told = { source: "scaler", subject: functionName, key, nowMs: clock.nowMs(), data: applied };
      await bus.publish(makeEvent("applied", told));
    } catch (thrown) {
      // The count is set all the same; the log line above keeps the audit whole.
      lastProblem = messageOf(thrown);
      log.warn({ decisionId, problem: lastProblem }, "the decision could not be told");
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
        target,
        fallback: fallback(),
        settings,
        lease,
        monotonicNowMs: () => monotonic.nowMs(),
        tell,
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
  const isNews = (standing: Standing): boolean => {
    // A proposal was kept for us; the next tick tells whether it is news. It comes again in a moment.
    if (standing === "unknown") throw new Error("nothing was heard of the collector yet");
    if (standing === "late") tooLate++;
    return standing === "in-time";
  };

  const listen = (): Promise<Subscription[]> =>
    Promise.all([
      bus.subscribe(
        "tick",
        async (event) => {
          const { data } = event;
          if (collector.onTick(event) !== "in-time") return;
          watch.tick(data);
          if (data.managed.mode !== "off") await inTurn(data.managed.functionName, (one) => one.onTick(data));
        },
        { mostAtOnce: MOST_AT_ONCE },
      ),
      bus.subscribe(
        "window",
        async (event) => {
          const { managed } = event.data;
          if (!isNews(collector.onWindow(event, { live: true })) || managed.mode === "off") return;
          watch.window(event.data);
          await inTurn(managed.functionName, (one) => one.onWindow(event.data));
        },
        { mostAtOnce: MOST_AT_ONCE },
      ),
      bus.subscribe(
        "proposal",
        async (event) => {
          const { managed, window } = event.data;
          if (managed.mode === "off" || !isNews(collector.judge(window))) return;
          watch.proposal(event.data);
          await inTurn(managed.functionName, (one) => one.onProposal(event.data));
        },
        { durable: "scaler-proposal", mostAtOnce: MOST_AT_ONCE },
      ),
    ]);

  /** Ends the work in hand; what a guard remembers of a tenure is of no use in the next. */
  async function fallSilent(subscriptions: readonly Subscription[]): Promise<void> {
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
    await Promise.all([...functions.values()].map(({ turn }) => turn));
    functions.clear();
    watch.standBy();
  }

  return {
    status: () => ({
      decisions,
      tooLate,
      collector: collector.status(),
      lastProblem,
      lease: { kind: lease.kind, held: lease.isHeld(monotonic.nowMs()), fencing: lease.fencing },
      functions: Object.fromEntries(
        [...functions].map(([name, { scaler }]) => [name, scaler.last?.reason ?? "no decision yet"]),
      ),
    }),
    explain: (decisionId) => remembered.get(decisionId) ?? null,
    run: (signal) => whileHeld(lease, { listen, fallSilent }, signal),
  };
}
