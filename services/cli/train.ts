/** `replicant train`: an agent learns, in the simulator or on a running platform; checkpoints and a log on the way. */
import { createHash } from "node:crypto";

import { fileModelStore, writeFiles } from "#shared/adapters/model-store.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { startWorkerThread } from "#shared/adapters/worker-thread.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { networkOf } from "#shared/rl/agents.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import type { Checkpoint, TrainingRecord } from "#shared/rl/checkpoint/types.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import type { Engine } from "#shared/rl/engine/types.ts";
import { trainPpo } from "#shared/rl/ppo.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import type { Collector } from "#shared/rl/rollout/types.ts";
import { liveSettings, settingsOf, type AgentSettings } from "#shared/rl/agents.ts";
import { freshState, type Round, type TrainingState } from "#shared/rl/training.ts";
import type { ModelStore } from "#shared/ports/model-store.ts";
import { InterruptedError } from "#shared/evaluation/pool/pool.ts";
import type { ProgressOutput } from "#shared/core/progress.ts";
import { threadCollector } from "#shared/training/collect.ts";
import { makeEngine } from "#shared/training/engine.ts";
import type { LiveSession } from "#shared/live/episodes/session.ts";
import { loadTraining, type TrainingLoad } from "#shared/training/load.ts";
import { openLog } from "#shared/training/log.ts";
import { mustMatch, readTrainFlags, type TrainFlags, type TrainOptions } from "./train/options.ts";
import { trainingProgress } from "./train/progress.ts";
import { makeTask, type TaskPlan } from "#shared/training/tasks.ts";

export interface TrainWorld {
  /** Where a running platform left its note. */
  readonly home: string;
  readonly cores: number;
  /** The bundle of `train/rollout-thread.ts`. */
  readonly threadScript: string;
  /** As it was typed: makes the checkpoint again. */
  readonly command: string;
  readonly say: (line: string) => void;
  readonly progress: ProgressOutput;
  readonly signal: AbortSignal;
}

/** Exit code 0, or 130 when the person ended it: a checkpoint is saved either way. Throws `BadInputError` before anything runs. */
export async function train(flags: TrainFlags, world: TrainWorld): Promise<number> {
  const options = readTrainFlags(flags, world.cores);
  const store = fileModelStore(options.out);
  const resumed = await resumedFrom(store, options);
  const settings = resumed?.record.settings ?? settingsFor(options);
  const { plan, traces } = await loadTraining(options, settings);
  if (resumed) mustMatch("traces", JSON.stringify(traces), JSON.stringify(resumed.record.traces));

  const live = options.env === "sim" ? null : await openLive(options, settings, { plan, traces }, world);
  try {
    return await learn(options, { resumed, settings, plan, traces, store, live }, world);
  } finally {
    await live?.close();
  }
}

interface Training extends TrainingLoad {
  readonly resumed: Checkpoint | null;
  readonly settings: AgentSettings;
  readonly store: ModelStore;
  /** Null in the simulator. */
  readonly live: LiveSession | null;
}

async function learn(options: TrainOptions, training: Training, world: TrainWorld): Promise<number> {
  const { resumed, settings, plan, traces, store, live } = training;
  const { hyperparameters } = settings;
  const network = networkOf(settings);
  const weights = resumed?.weights ?? initialWeights(network, seededRandom(`${options.seed}/weights`));
  const engine = await makeEngine(options.engine, network, weights, {
    count: options.workers - 1,
    startThread: startWorkerThread,
  });
  const collector = live?.collectorFor(engine) ?? collectorOf(options, plan, engine, world.threadScript);
  let state: TrainingState = freshState(hyperparameters, network.observationSize);
  try {
    if (resumed?.continuation) {
      engine.setOptimiser(resumed.continuation.optimiser);
      state = resumed.continuation.state;
      if (state.places !== null) await collector.restore(state.places);
    }
    const totalSteps = options.steps;
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
    const isStopped = state.steps < totalSteps;
    if (isStopped && options.servingOnly) throw new InterruptedError();
    if (state.steps > savedSteps || state.steps === 0) await save();
    const where = options.servingOnly ? options.out : `${options.out}/step-${state.steps}`;
    world.say(`${isStopped ? "stopped" : "done"} after ${state.steps} steps: ${where}`);
    if (live) world.say(countsLine(live));
    if (isStopped) world.say("the same command with --resume goes on from there");
    return isStopped ? 130 : 0;
  } finally {
    await collector.close();
    engine.close();
  }
}

function settingsFor({ agent, form, env, rolloutSteps }: TrainOptions): AgentSettings {
  const settings = settingsOf(agent, form);
  return env === "sim" ? settings : liveSettings(settings, rolloutSteps);
}

/** The names are those of the command line: the load generator is given the files behind them. */
async function openLive(
  { functionName, seed }: TrainOptions,
  settings: AgentSettings,
  { plan, traces }: TrainingLoad,
  { home, say, signal }: TrainWorld,
): Promise<LiveSession> {
  // What speaks to a platform is large, and a simulation has no use for it.
  const { openSession } = await import("#shared/live/episodes/session.ts");
  const named = plan.traces.map((trace, i) => ({ ...trace, name: traces[i]!.name }));
  return openSession({ home, functionName, settings, seed, traces: named, say, signal });
}

/** A round that a live platform was left in is given up; the rounds before it stand. */
async function* untilInterrupted(rounds: AsyncGenerator<Round, void>): AsyncGenerator<Round, void> {
  try {
    yield* rounds;
  } catch (thrown) {
    if (!(thrown instanceof InterruptedError)) throw thrown;
  }
}

function countsLine({ functionName, counts }: LiveSession): string {
  const { steps, ruled, lost } = counts();
  return `${steps} windows of '${functionName}' lived through; the fallback rule decided ${ruled}, ${lost} were lost`;
}

/** The checkpoint to go on from; null for a new training, which must not meet an old one in its folder. */
async function resumedFrom(store: ModelStore, options: TrainOptions): Promise<Checkpoint | null> {
  if (!options.resume) {
    const [there] = await store.steps();
    if (there === undefined) return null;
    throw new BadInputError(
      `${options.out}: holds the checkpoints of a training; go on with --resume, or choose another folder`,
    );
  }
  const checkpoint = decodeCheckpoint(await store.read(options.step));
  const { record, continuation } = checkpoint;
  mustMatch("agent", options.agent, record.settings.agent);
  mustMatch("objective", options.form, record.settings.form);
  mustMatch("seed", options.seed, record.seed);
  // One environment is what a live platform is; a simulation has several side by side.
  mustMatch("environment", options.env, record.settings.hyperparameters.environments === 1 ? "live" : "sim");
  if (continuation === null) throw new BadInputError(`${options.out}: the checkpoint serves only; it cannot go on`);
  return checkpoint;
}

function collectorOf(options: TrainOptions, plan: TaskPlan, engine: Engine, script: string): Collector {
  const { environments } = plan.settings.hyperparameters;
  const { seed } = options;
  if (options.workers === 1) {
    return localCollector({ engine, environments, seed, makeEnvironment: (index) => makeTask(plan, index) });
  }
  const data = { plan, seed, engine: options.engine, spec: engine.spec, weights: engine.getWeights() };
  return threadCollector({ script, threads: options.workers, environments, engine, data });
}

async function saveCheckpoint(
  store: ModelStore,
  { servingOnly, out }: TrainOptions,
  engine: Engine,
  record: TrainingRecord,
  state: TrainingState,
): Promise<void> {
  const weights = engine.getWeights();
  if (servingOnly) return writeFiles(out, encodeCheckpoint({ record, weights, continuation: null }));
  const continuation = { optimiser: engine.getOptimiser(), state };
  await store.write(record.steps, encodeCheckpoint({ record, weights, continuation }));
}

/** SHA-256 of the weights, hexadecimal. */
function digestOf(engine: Engine): string {
  const hash = createHash("sha256");
  for (const tensor of engine.getWeights())
    hash.update(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength));
  return hash.digest("hex");
}
