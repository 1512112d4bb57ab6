/**
 * PPO with an LSTM: the baseline of Agarwal et al. (IEEE TSC 2024, "A deep recurrent-reinforcement learning method for
 * intelligent autoscaling of serverless functions"). Small rounds, many epochs, no entropy bonus.
 */
import { seededRandom } from "../core/random.ts";
import { generalisedAdvantages } from "./advantages.ts";
import { minibatchOf, piecesOf, sequencesOf, shuffled } from "./minibatches.ts";
import { refreshedMemories } from "./refresh.ts";
import { knobsAt, meanKl, play, roundReport, type Round, type TrainingRun, type Update } from "./training.ts";

export async function* trainLstmPpo(run: TrainingRun): AsyncGenerator<Round, void> {
  const { engine, hyperparameters, seed, totalSteps } = run;
  const { epochs, minibatchSteps, sequenceSteps, refreshMemory, targetKl } = hyperparameters;
  let state = run.from;
  while (state.steps < totalSteps) {
    const random = seededRandom(`${seed}/learn/${state.round}`);
    const knobs = knobsAt(hyperparameters, state.steps / totalSteps);

    // Play, the memory carried from step to step and forgotten where an episode begins.
    const played = await play(run, state);
    const { rollout } = played;
    const estimates = generalisedAdvantages(rollout, hyperparameters);

    // Learn from sequences, each begun with the memory that the rollout had there: the gradient flows back to its start.
    const sequences = sequencesOf(rollout, sequenceSteps);
    let memories = rollout.memories;
    const updates: Update[] = [];
    let epoch = 0;
    while (epoch < epochs) {
      const ofEpoch: Update[] = [];
      for (const some of piecesOf(shuffled(sequences, random), minibatchSteps / sequenceSteps)) {
        const minibatch = minibatchOf(rollout, estimates, some, sequenceSteps, memories);
        ofEpoch.push({ ...engine.forwardBackward(minibatch, knobs.loss), ...engine.adam(knobs.adam) });
      }
      epoch++;
      updates.push(...ofEpoch);
      if (targetKl !== null && meanKl(ofEpoch) > targetKl) break;
      if (refreshMemory && epoch < epochs) memories = refreshedMemories(engine, rollout, sequenceSteps);
    }

    state = played.state;
    yield { state, report: roundReport(updates, epoch, knobs, played, estimates) };
  }
}
