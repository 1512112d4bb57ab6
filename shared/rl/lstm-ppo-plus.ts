/**
 * LSTM-PPO+, the proposed method: PPO with an LSTM, an entropy bonus that keeps it trying, and long rounds. As published it
 * passes once over each round; corrected it passes several times and lets its memory follow its weights.
 */
import { seededRandom } from "../core/random.ts";
import { generalisedAdvantages } from "./advantages.ts";
import { minibatchOf, piecesOf, sequencesOf, shuffled } from "./minibatches.ts";
import { refreshedMemories } from "./refresh.ts";
import { knobsAt, meanKl, play, roundReport, type Round, type TrainingRun, type Update } from "./training.ts";

export async function* trainLstmPpoPlus(run: TrainingRun): AsyncGenerator<Round, void> {
  const { engine, hyperparameters, seed, totalSteps } = run;
  const { epochs, minibatchSteps, sequenceSteps, refreshMemory, targetKl } = hyperparameters;
  let state = run.from;
  while (state.steps < totalSteps) {
    const random = seededRandom(`${seed}/learn/${state.round}`);
    // Early on the entropy bonus is large and steps are wide; both schedules end with the training.
    const knobs = knobsAt(hyperparameters, state.steps / totalSteps);

    // Play: h and c are carried within an episode and written down at the start of each sequence.
    const played = await play(run, state);
    const { rollout } = played;
    const estimates = generalisedAdvantages(rollout, hyperparameters);

    const sequences = sequencesOf(rollout, sequenceSteps);
    let memories = rollout.memories;
    const updates: Update[] = [];
    let epoch = 0;
    while (epoch < epochs) {
      // The weights have moved since the memories were written down: a further epoch begins with what they would be now.
      if (refreshMemory && epoch > 0) memories = refreshedMemories(engine, rollout, sequenceSteps);
      const ofEpoch: Update[] = [];
      for (const some of piecesOf(shuffled(sequences, random), minibatchSteps / sequenceSteps)) {
        const minibatch = minibatchOf(rollout, estimates, some, sequenceSteps, memories);
        ofEpoch.push({ ...engine.forwardBackward(minibatch, knobs.loss), ...engine.adam(knobs.adam) });
      }
      epoch++;
      updates.push(...ofEpoch);
      // Far enough from the policy that played: its advantages say nothing about this one.
      if (targetKl !== null && meanKl(ofEpoch) > targetKl) break;
    }

    state = played.state;
    yield { state, report: roundReport(updates, epoch, knobs, played, estimates) };
  }
}
