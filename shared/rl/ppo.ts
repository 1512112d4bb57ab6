/** PPO without memory (Schulman et al. 2017, "Proximal policy optimization algorithms", algorithm 1). */
import { seededRandom } from "../core/random.ts";
import { generalisedAdvantages } from "./advantages.ts";
import { minibatchOf, piecesOf, sequencesOf, shuffled } from "./minibatches.ts";
import { knobsAt, meanKl, play, roundReport, type Round, type TrainingRun, type Update } from "./training.ts";

export async function* trainPpo(run: TrainingRun): AsyncGenerator<Round, void> {
  const { engine, hyperparameters, seed, totalSteps } = run;
  const { epochs, minibatchSteps, targetKl } = hyperparameters;
  let state = run.from;
  while (state.steps < totalSteps) {
    const random = seededRandom(`${seed}/learn/${state.round}`);
    const knobs = knobsAt(hyperparameters, state.steps / totalSteps);

    // Play with the policy as it is, and reckon how much better than expected each action was.
    const played = await play(run, state);
    const { rollout } = played;
    const estimates = generalisedAdvantages(rollout, hyperparameters);

    // Learn from single steps, in a new order in each epoch: without memory a step knows nothing of the one before.
    const updates: Update[] = [];
    let epoch = 0;
    while (epoch < epochs) {
      const ofEpoch: Update[] = [];
      for (const steps of piecesOf(shuffled(sequencesOf(rollout, 1), random), minibatchSteps)) {
        const report = engine.forwardBackward(minibatchOf(rollout, estimates, steps, 1, null), knobs.loss);
        ofEpoch.push({ ...report, ...engine.adam(knobs.adam) });
      }
      epoch++;
      updates.push(...ofEpoch);
      if (targetKl !== null && meanKl(ofEpoch) > targetKl) break;
    }

    state = played.state;
    yield { state, report: roundReport(updates, epoch, knobs, played, estimates) };
  }
}
