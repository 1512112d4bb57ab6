/** `replicant train`: an agent learns in the simulator; checkpoints and a log on the way. */
import { createHash } from "node:crypto";

import { fileModelStore, writeFiles } from "#shared/adapters/model-store.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { startWorkerThread } from "#shared/adapters/worker-thread.ts";
import { ACTIONS } from "#shared/core/action.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { observationSpaceOf } from "#shared/core/observation/observer.ts";
import { seededRandom } from "#shared/core/random.ts";
import { AGENTS, networkOf } from "#shared/rl/agents.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import type { Checkpoint, TrainingRecord } from "#shared/rl/checkpoint/types.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import type { Engine } from "#shared/rl/engine/types.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import type { Collector } from "#shared/rl/rollout/types.ts";
import { settingsOf } from "#shared/rl/settings.ts";
import { freshState, type TrainingState } from "#shared/rl/training.ts";
import type { ModelStore } from "#shared/ports/model-store.ts";
import type { ProgressOutput } from "./evaluate/progress.ts";
import { threadCollector } from "./train/collect.ts";
import { makeEngine } from "./train/engine.ts";
import { loadTraining } from "./train/load.ts";
import { openLog } from "./train/log.ts";
import { mustMatch, readTrainFlags, type TrainFlags, type TrainOptions } from "./train/options.ts";
import { trainingProgress } from "./train/progress.ts";
import { makeTask, type TaskPlan } from "./train/tasks.ts";

export interface TrainWorld {
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
  const settings = resumed?.record.settings ?? settingsOf(options.agent, options.form);
  const { hyperparameters } = settings;
  const { plan, traces } = await loadTraining(options, settings);
  if (resumed) mustMatch("traces", JSON.stringify(traces), JSON.stringify(resumed.record.traces));

  const network = networkOf(hyperparameters, observationSpaceOf(settings.layout).low.length, ACTIONS);
  const weights = resumed?.weights ?? initialWeights(network, seededRandom(`${options.seed}/weights`));
  const engine = await makeEngine(options.engine, network, weights, {
    count: options.workers - 1,
    startThread: startWorkerThread,
  });
  const collector = collectorOf(options, plan, engine, world.threadScript);
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
    for await (const round of AGENTS[settings.agent](run)) {
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
    if (isStopped && options.servingOnly) throw new Error("interrupted; nothing was written");
    if (state.steps > savedSteps || state.steps === 0) await save();
    const where = options.servingOnly ? options.out : `${options.out}/step-${state.steps}`;
    world.say(`${isStopped ? "stopped" : "done"} after ${state.steps} steps: ${where}`);
    if (isStopped) world.say("the same command with --resume goes on from there");
    return isStopped ? 130 : 0;
  } finally {
    await collector.close();
    engine.close();
  }
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
  return threadCollector(script, options.workers, environments, data);
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
