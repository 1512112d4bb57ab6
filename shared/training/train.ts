/** A training run, top to bottom: an agent learns, in the simulator or on a running platform; checkpoints and a log on the way. */
import { fileModelStore } from "../adapters/model-store.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { startWorkerThread } from "../adapters/worker-thread.ts";
import { InterruptedError } from "../core/errors.ts";
import type { ProgressOutput } from "../core/progress.ts";
import { seededRandom } from "../core/random.ts";
import { liveSettings, networkOf, settingsOf, type AgentSettings } from "../rl/agents.ts";
import type { TrainingRecord } from "../rl/checkpoint/types.ts";
import { initialWeights } from "../rl/engine/initialise.ts";
import type { Engine } from "../rl/engine/types.ts";
import { localCollector } from "../rl/rollout/local.ts";
import type { Collector } from "../rl/rollout/types.ts";
import { freshState, type Round } from "../rl/training.ts";
import type { TrainingTrace } from "../traces/training-loads.ts";
import { digestOf, mustMatch, resumedFrom, saveCheckpoint } from "./checkpoints.ts";
import { threadCollector } from "./collect.ts";
import { makeEngine } from "./engine.ts";
import { loadTraining } from "./load.ts";
import { openLog } from "./log.ts";
import type { TrainOptions } from "./options.ts";
import { trainingProgress } from "./progress.ts";
import { makeTask, type TaskPlan } from "./tasks.ts";
import { trainPpo } from "../rl/ppo.ts";

/** A running function borrowed for a training. */
export interface LivePlace {
  readonly functionName: string;
  collectorFor(engine: Engine): Collector;
  /** Windows that were not what the agent did, so far. */
  counts(): { readonly steps: number; readonly ruled: number; readonly lost: number };
  /** Stops the load and gives the function back. */
  close(): Promise<void>;
}

/** What a live training needs of the platform. */
export interface LivePlaceOptions {
  /** Null: the first that is managed. */
  readonly functionName: string | null;
  readonly settings: AgentSettings;
  readonly seed: string;
  /** By the names of the command line: the load generator gets the files behind them. */
  readonly traces: readonly (TrainingTrace & { readonly name: string })[];
}

/** What a training needs of its process. */
export interface TrainWorld {
  /** The bundle of `rollout-thread.ts`. */
  readonly threadScript: string;
  /** As typed: makes the checkpoint again. */
  readonly command: string;
  /** Of `env: "live"`. Rejects with `BadInputError`, with everything as it was. */
  readonly openLive: (options: LivePlaceOptions) => Promise<LivePlace>;
  readonly progress: ProgressOutput;
  /** Ends the training after its round; a checkpoint is saved. */
  readonly signal: AbortSignal;
}

/** How a training ended. */
export interface TrainingEnd {
  readonly steps: number;
  /** Ended by the person, before its last step. */
  readonly isStopped: boolean;
  /** The folder of the last checkpoint. */
  readonly savedIn: string;
  /** Null in the simulator. */
  readonly live: ({ readonly functionName: string } & ReturnType<LivePlace["counts"]>) | null;
}

/** Throws `BadInputError` before anything runs; `InterruptedError` for an interrupted training that saves only its last checkpoint. */
export async function train(options: TrainOptions, world: TrainWorld): Promise<TrainingEnd> {
  // What is learned: a new agent, or one that goes on; and on what.
  const store = fileModelStore(options.out);
  const resumed = await resumedFrom(store, options);
  const settings = resumed?.record.settings ?? settingsFor(options);
  const { plan, traces } = await loadTraining(options, settings);
  if (resumed) mustMatch("traces", JSON.stringify(traces), JSON.stringify(resumed.record.traces));
  const { hyperparameters } = settings;
  const network = networkOf(settings);
  const weights = resumed?.weights ?? initialWeights(network, seededRandom(`${options.seed}/weights`));

  // Who plays: a platform, or simulations on threads.
  const closers: (() => void | Promise<void>)[] = [];
  try {
    const named = plan.traces.map((trace, i) => ({ ...trace, name: traces[i]!.name }));
    const live = options.env === "sim" ? null : await world.openLive({ ...options, settings, traces: named });
    if (live) closers.push(() => live.close());
    const helpers = { count: options.workers - 1, startThread: startWorkerThread };
    const engine = await makeEngine(options.engine, network, weights, helpers);
    closers.push(() => engine.close());
    const collector = live?.collectorFor(engine) ?? simulations(options, plan, engine, world.threadScript);
    closers.push(() => collector.close());

    // From where: the beginning, or where the checkpoint was.
    let state = resumed?.continuation?.state ?? freshState(hyperparameters, network.observationSize);
    if (resumed?.continuation) engine.setOptimiser(resumed.continuation.optimiser);
    if (resumed && state.places !== null) await collector.restore(state.places);
    const { steps: totalSteps } = options;
    const fromSteps = state.steps;
    const log = options.servingOnly ? null : await openLog(options.out, fromSteps, systemClock.nowMs());
    const progress = trainingProgress(settings.agent, { fromSteps, totalSteps }, systemClock, world.progress);
    let early = resumed?.record.early ?? null;
    const save = async () => {
      const record: TrainingRecord = {
        settings,
        network,
        statistics: state.statistics,
        seed: options.seed,
        steps: state.steps,
        rounds: state.round,
        totalSteps,
        engine: engine.name,
        command: resumed?.record.command ?? world.command,
        traces,
        early,
        evaluation: null,
      };
      await saveCheckpoint(store, options, engine, record, state);
    };

    // Round after round: play, learn, report; a checkpoint now and then.
    let savedSteps = fromSteps;
    const run = { engine, collector, hyperparameters, seed: options.seed, totalSteps, from: state };
    for await (const round of untilInterrupted(trainPpo(run))) {
      state = round.state;
      early ??= { steps: state.steps, digest: digestOf(engine) };
      await log?.write(round, progress.update(round), systemClock.nowMs());
      if (world.signal.aborted) break;
      if (options.servingOnly || state.steps - savedSteps < options.checkpointEvery) continue;
      savedSteps = state.steps;
      await save();
    }
    progress.end();

    // The end: the last checkpoint.
    const isStopped = state.steps < totalSteps;
    if (isStopped && options.servingOnly) throw new InterruptedError();
    if (state.steps > savedSteps || state.steps === 0) await save();
    const savedIn = options.servingOnly ? options.out : `${options.out}/step-${state.steps}`;
    const livedThrough = live && { functionName: live.functionName, ...live.counts() };
    return { steps: state.steps, isStopped, savedIn, live: livedThrough };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function settingsFor({ agent, form, env, rolloutSteps }: TrainOptions): AgentSettings {
  const settings = settingsOf(agent, form);
  return env === "sim" ? settings : liveSettings(settings, rolloutSteps);
}

/** Played here alone, or with further threads. */
function simulations(options: TrainOptions, plan: TaskPlan, engine: Engine, script: string): Collector {
  const { environments } = plan.settings.hyperparameters;
  const { seed, workers } = options;
  if (workers === 1) {
    return localCollector({ engine, environments, seed, makeEnvironment: (index) => makeTask(plan, index) });
  }
  const data = { plan, seed, engine: options.engine, spec: engine.spec, weights: engine.getWeights() };
  return threadCollector({ script, threads: workers, environments, engine, data });
}

/** A round that is interrupted is given up; the rounds before it count. */
async function* untilInterrupted(rounds: AsyncGenerator<Round, void>): AsyncGenerator<Round, void> {
  try {
    yield* rounds;
  } catch (thrown) {
    if (!(thrown instanceof InterruptedError)) throw thrown;
  }
}
