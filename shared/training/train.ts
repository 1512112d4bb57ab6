/** A training run, top to bottom: an agent learns, in the simulator or on a running platform; checkpoints and a log on the way. */
import { systemClock } from "../adapters/system-clock.ts";
import { InterruptedError } from "../core/errors.ts";
import type { ProgressOutput } from "../core/progress.ts";
import { trainPpo } from "../rl/ppo.ts";
import type { Round } from "../rl/training.ts";
import { digestOf, saveCheckpoint } from "./save.ts";
import { openLog } from "./log.ts";
import type { TrainOptions } from "./options.ts";
import { planTraining, type TrainingPlan } from "./plan.ts";
import { withPlayers, type LivePlace, type Players, type PlayersWorld } from "./players.ts";
import { trainingProgress } from "./progress.ts";

/** What a training needs of its process. */
export interface TrainWorld extends PlayersWorld {
  /** As typed: makes the checkpoint again. */
  readonly command: string;
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
  const plan = await planTraining(options, world.command);
  return withPlayers(plan, world, (players) => learn(plan, players, world));
}

/** Round after round: play, learn, report; a checkpoint now and then, and the last one at the end. */
async function learn(
  plan: TrainingPlan,
  { engine, collector, live }: Players,
  { progress: output, signal }: TrainWorld,
): Promise<TrainingEnd> {
  const { hyperparameters, agent } = plan.record.settings;
  const { steps: totalSteps, seed, servingOnly, checkpointEvery, out } = plan.options;
  let { state, early } = plan.start;
  const fromSteps = state.steps;
  const log = servingOnly ? null : await openLog(out, fromSteps, systemClock.nowMs());
  const progress = trainingProgress(agent, { fromSteps, totalSteps }, systemClock, output);
  const save = () => saveCheckpoint(plan, engine, { state, early });

  let savedSteps = fromSteps;
  const run = { engine, collector, hyperparameters, seed, totalSteps, from: state };
  for await (const round of untilInterrupted(trainPpo(run))) {
    state = round.state;
    early ??= { steps: state.steps, digest: digestOf(engine) };
    await log?.write(round, progress.update(round), systemClock.nowMs());
    if (signal.aborted) break;
    if (servingOnly || state.steps - savedSteps < checkpointEvery) continue;
    savedSteps = state.steps;
    await save();
  }
  progress.end();

  const isStopped = state.steps < totalSteps;
  if (isStopped && servingOnly) throw new InterruptedError();
  if (state.steps > savedSteps || state.steps === 0) await save();
  const savedIn = servingOnly ? out : `${out}/step-${state.steps}`;
  return {
    steps: state.steps,
    isStopped,
    savedIn,
    live: live && { functionName: live.functionName, ...live.counts() },
  };
}

/** A round that is interrupted is given up; the rounds before it count. */
async function* untilInterrupted(rounds: AsyncGenerator<Round, void>): AsyncGenerator<Round, void> {
  try {
    yield* rounds;
  } catch (thrown) {
    if (!(thrown instanceof InterruptedError)) throw thrown;
  }
}
