/**
 * The trainer: windows, proposals and applied counts → memory → judging → learning → publishing. An event is acknowledged once it is
 * in the segment log; everything else is rebuilt from there. Each model is judged by what it and the rule would have brought.
 */
import type { Clock } from "#shared/core/clock.ts";
import type { Fact } from "#shared/core/transition.ts";
import { windowRealMs } from "#shared/events/age.ts";
import { CollectorWatch, FOLLOWING } from "#shared/events/collector-watch.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { Log } from "#shared/host/log.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { createJudging } from "./judging/judging.ts";
import type { CalibratedProfiles } from "./judging/profiles.ts";
import { rulesInWords, type Rules } from "./judging/rules.ts";
import type { ModelPlaces } from "./judging/serving-model.ts";
import type { Learner } from "./learning/learner.ts";
import { createTraining } from "./learning/training.ts";
import type { HistoryEntry } from "./memory/entries.ts";
import type { SegmentLog } from "./memory/segment-log.ts";
import { TrainerMemory } from "./memory/trainer-memory.ts";
import { createOrders, type Orders } from "./orders.ts";
import { createPublisher } from "./publishing/publisher.ts";
import { RegistryCopy } from "./publishing/registry-copy.ts";
import { TrainedFunction } from "./trained-function.ts";

/** What the trainer needs. */
export interface TrainerDeps extends ModelPlaces {
  readonly bus: EventBus;
  readonly segmentLog: SegmentLog;
  readonly learner: Learner;
  readonly clock: Clock;
  readonly activity: Activity;
  /** Ages are measured by it. */
  readonly monotonic: Pick<Clock, "nowMs">;
  readonly log: Log;
  /** The rules that models are compared with. */
  readonly rules: Rules;
  readonly profiles: CalibratedProfiles;
  readonly settings: TrainerSettings;
}

/** When models are judged and trained, and for how long. */
export interface TrainerSettings {
  readonly isAutomatic: boolean;
  readonly rolloutWindows: number;
  readonly simulatedSteps: number;
  readonly judgeWindows: number;
}

/** Takes facts from the bus and orders from operators. */
export interface Trainer extends Orders {
  status(): object;
  /** What keeps it from its work, a sentence each. */
  problems(): readonly string[];
  /** What is wrong with the collector's clock, a sentence each. */
  warnings(): readonly string[];
  /** Of one function, or (null) of all, oldest first. */
  history(functionName: string | null): readonly HistoryEntry[];
  take(fact: Fact): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

/** Functions whose estimates may queue: with more, the next window would arrive before an estimate's turn. */
const MAX_QUEUED = 256;
/** Events of each kind that are being written to the log. */
const MAX_IN_FLIGHT = 32;

/** Nothing is judged or trained before `run`. */
export function createTrainer(deps: TrainerDeps): Trainer {
  const { bus, clock, activity, log, registry, rules, profiles } = deps;
  const memory = new TrainerMemory(deps.segmentLog);
  const functions = new Map<string, TrainedFunction>();
  const isAutomatic = () => memory.isAutomatic ?? deps.settings.isAutomatic;

  function trainedFunction(functionName: string): TrainedFunction {
    let trained = functions.get(functionName);
    if (!trained) functions.set(functionName, (trained = new TrainedFunction(memory.of(functionName), log)));
    return trained;
  }

  const copy = new RegistryCopy({ registry, memory, trainedFunction, clock, log });
  const publisher = createPublisher({ ...deps, memory, copy });
  const beginTraining = createTraining({ ...deps, ...deps.settings, memory, publisher });
  const judge = createJudging({ ...deps, ...deps.settings, publisher, beginTraining, isAutomatic });
  const orders = createOrders({ memory, trainedFunction, publisher, beginTraining });

  const watch = new CollectorWatch(deps);
  const queued = new Set<string>();

  /** While one estimate of a function waits, the next window need not queue: that estimate will include it. */
  function judgeLater(functionName: string): void {
    if (queued.size >= MAX_QUEUED || queued.has(functionName)) return;
    queued.add(functionName);
    const trained = trainedFunction(functionName);
    const judged = trained.inTurn(() => {
      queued.delete(functionName);
      return judge(trained);
    });
    judged.catch(() => {});
  }

  async function onWindow(event: ReplicantEvent<"window">): Promise<void> {
    const { managed, window } = event.data;
    const { functionName } = window;
    const timeliness = watch.onWindow(event, { live: false });
    // It cannot have ended yet: the log would hold it before everything still to come.
    if (timeliness === "refused") return;
    await memory.take({ kind: "window", managed, window });
    activity.did("window", functionName, { everyMs: windowRealMs(window), else: "there is nothing to judge by" });
    // After an outage there is much to read and nothing to decide; a window that fits nowhere is not judged.
    if (timeliness === "in-time" && memory.of(functionName).knows(window)) judgeLater(functionName);
  }

  return {
    ...orders,
    take: (fact) => memory.take(fact),
    status: () => ({
      training: isAutomatic() ? "by itself" : "on request",
      rule: rulesInWords(rules),
      models: registry.place,
      log: memory.logStatus,
      joins: memory.joins,
      collector: watch.status(),
      functions: Object.fromEntries(
        [...memory.records.keys()].map((name) => [name, trainedFunction(name).status(profiles)]),
      ),
    }),
    problems: () => {
      const own = [memory.logStatus.problem, copy.problem].filter((problem) => problem !== null);
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
      const options = { durable: "trainer", maxInFlight: MAX_IN_FLIGHT };
      const subscriptions = await Promise.all([
        bus.subscribe("window", onWindow, options),
        bus.subscribe("proposal", ({ data }) => memory.take({ kind: "proposal", proposal: data.proposal }), options),
        bus.subscribe("applied", ({ data }) => memory.take({ kind: "applied", applied: data }), options),
        // Never redelivered: ticks serve as the clock.
        bus.subscribe("tick", async (event) => void watch.onTick(event), FOLLOWING),
      ]);
      await copy.run(signal);
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    },
  };
}
