/**
 * The trainer: hears what was seen, proposed and applied, keeps it, learns from it, and judges every model by what it and the
 * rule would have brought. A fact is acknowledged when it stands in the log; all else is rebuilt from there.
 */
import type { Clock } from "#shared/core/clock.ts";
import type { Fact } from "#shared/core/transition.ts";
import { windowRealMs } from "#shared/events/age.ts";
import { CollectorWatch, FOLLOWING } from "#shared/events/collector-watch.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { Log } from "#shared/host/log.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { inTurn, statusOf, type Careful } from "./careful.ts";
import { createControlBook } from "./control-book.ts";
import { createJudging } from "./judging.ts";
import type { Learner } from "./learning/learner.ts";
import type { HistoryEntry } from "./log/entries.ts";
import type { SegmentLog } from "./log/segments.ts";
import { TrainerMemory } from "./memory.ts";
import { createOrders, type Orders } from "./orders.ts";
import type { CalibratedProfiles } from "./profiles.ts";
import { rulesInWords, type Rules } from "./rules.ts";
import type { StandingDeps } from "./standing.ts";
import { createTraining } from "./training.ts";

export interface TrainerDeps extends StandingDeps {
  readonly bus: EventBus;
  readonly log: SegmentLog;
  readonly learner: Learner;
  readonly clock: Clock;
  readonly activity: Activity;
  /** Ages are its. */
  readonly monotonic: Pick<Clock, "nowMs">;
  readonly say: Log;
  /** What models are compared with. */
  readonly rules: Rules;
  readonly profiles: CalibratedProfiles;
  readonly settings: TrainerSettings;
}

export interface TrainerSettings {
  readonly isAutomatic: boolean;
  readonly rolloutWindows: number;
  readonly simulatedSteps: number;
  readonly judgeWindows: number;
}

export interface Trainer extends Orders {
  status(): object;
  /** What keeps it from its work, a sentence each. */
  problems(): readonly string[];
  /** What of the collector's clock is worth knowing. */
  warnings(): readonly string[];
  history(functionName: string | null): readonly HistoryEntry[];
  take(fact: Fact): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

/** Functions whose estimates may queue: more would be older than the next window when their turn comes. */
const MOST_QUEUED = 256;
/** Events of each kind that are on their way into the log. */
const MOST_IN_HAND = 32;

export function createTrainer(deps: TrainerDeps): Trainer {
  const { bus, log, learner, clock, monotonic, activity, say, shelf, rules, profiles, settings } = deps;
  const memory = new TrainerMemory(log);
  const watch = new CollectorWatch({ clock, monotonic });
  const functions = new Map<string, Careful>();
  const queued = new Set<string>();
  const isAutomatic = () => memory.isAutomatic ?? settings.isAutomatic;

  function careOf(functionName: string): Careful {
    let one = functions.get(functionName);
    if (!one) {
      one = { record: memory.of(functionName), standing: null, problem: null, training: null, turn: Promise.resolve() };
      functions.set(functionName, one);
    }
    return one;
  }

  const book = createControlBook({ ...deps, memory, careOf });
  const { rolloutWindows, judgeWindows, simulatedSteps } = settings;
  const begin = createTraining({ memory, book, learner, shelf, say, rules, profiles, simulatedSteps });
  const consider = createJudging({
    ...{ book, begin, learner, activity, rules, profiles, rolloutWindows, judgeWindows, isAutomatic },
  });
  const orders = createOrders({ memory, careOf, book, begin, say });

  /** While one estimate of a function waits to begin the next window need not queue: it will be in that one. */
  function considerLater(functionName: string): void {
    if (queued.size >= MOST_QUEUED || queued.has(functionName)) return;
    queued.add(functionName);
    const one = careOf(functionName);
    void inTurn(one, say, () => {
      queued.delete(functionName);
      return consider(one);
    }).catch(() => {});
  }

  async function onWindow(event: ReplicantEvent<"window">): Promise<void> {
    const { managed, window } = event.data;
    const { functionName } = window;
    const standing = watch.onWindow(event, { live: false });
    // It cannot have ended yet: in the log it would stand before all that is still to come.
    if (standing === "refused") return;
    await memory.take({ kind: "window", managed, window });
    activity.did("window", functionName, { everyMs: windowRealMs(window), else: "there is nothing to judge by" });
    // After an outage there is much to read and nothing to decide; and of a window that fits nowhere nothing is concluded.
    if (standing === "in-time" && memory.of(functionName).knows(window)) considerLater(functionName);
  }

  return {
    ...orders,
    take: (fact) => memory.take(fact),
    status: () => ({
      training: isAutomatic() ? "by itself" : "on request",
      rule: rulesInWords(rules),
      models: shelf.place,
      log: memory.log,
      joins: memory.joins,
      collector: watch.status(),
      functions: Object.fromEntries([...memory.records.keys()].map((name) => [name, statusOf(careOf(name), profiles)])),
    }),
    problems: () => {
      const own = [memory.log.problem, book.problem()].filter((problem) => problem !== null);
      const ofFunctions = [...functions].flatMap(([name, { problem }]) => (problem ? [`'${name}': ${problem}`] : []));
      return [...own, ...ofFunctions];
    },
    warnings: () => watch.status().problems,
    history: (functionName) =>
      [...memory.records.values()]
        .filter((record) => functionName === null || record.functionName === functionName)
        .flatMap(({ history }) => history)
        .sort((a, b) => a.atMs - b.atMs),
    async run(signal) {
      const options = { durable: "trainer", mostAtOnce: MOST_IN_HAND };
      const subscriptions = await Promise.all([
        bus.subscribe("window", onWindow, options),
        bus.subscribe("proposal", ({ data }) => memory.take({ kind: "proposal", proposal: data.proposal }), options),
        bus.subscribe("applied", ({ data }) => memory.take({ kind: "applied", applied: data }), options),
        // Never kept for anyone: they tell what the time is.
        bus.subscribe("tick", async (event) => void watch.onTick(event), FOLLOWING),
      ]);
      await book.keepTold(signal);
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    },
  };
}
