/**
 * Proximal policy optimisation (Schulman et al. 2017, algorithm 1), with an LSTM or without one. All three agents learn by this loop;
 * they differ by the tables in `agents.ts`. Implementation details, numbered as Huang et al. 2022 count them ("The 37
 * implementation details of proximal policy optimization", ICLR blog track), where they have a number there:
 *
 * - several environments side by side (1), shards of them on threads: what is learned does not depend on how many (`rollout/`);
 * - orthogonal weights, zero biases, a small last layer of the actor (2; `engine/initialise.ts`);
 * - Adam with ε = 1e-5 (3) and a learning rate that may fall linearly (4; `schedules.ts`);
 * - generalised advantages (5; `advantages.ts`): an episode that was cut is valued by the critic, its last observation included
 *   (Pardo et al. 2018, "Time limits in reinforcement learning"), unless the published form counts a cut as an end;
 * - minibatches in a new order in each epoch (6), advantages normalised in each minibatch (7; the engine);
 * - the clipped objective (8), no clipping of the value (9 found none of it to help), an entropy bonus (10), gradients clipped by
 *   their global norm (11), one network for actor and critic (13);
 * - approximate KL and the clip fraction are reported (12); an epoch that moved further than `targetKl` is the last one;
 * - observations shifted and scaled by running statistics, and cut at ±10 (`normalisation.ts`); those of a round are added after it;
 * - actions that leave the bounds are masked before the softmax (invalid-action masking, Huang & Ontañón 2022);
 * - LSTM: the state is carried within an episode and is zero where one begins; gradients flow through sequences of `sequenceSteps`,
 *   each begun with the state that the rollout had there. Minibatches are made of whole sequences (recurrent details 1–5);
 * - with `refreshMemory` that state is computed again with the new weights before each further epoch, since the stored one is an older
 *   network's ("representational drift", Kapturowski et al. 2019, R2D2, §3; `refresh.ts`).
 */
import { seededRandom, type Random } from "../core/random.ts";
import { generalisedAdvantages, type Advantages } from "./advantages.ts";
import type { Engine } from "./engine/types.ts";
import { scheduledHyperparameters, type EngineOptions, type Hyperparameters } from "./hyperparameters.ts";
import { minibatchOf, piecesOf, sequencesOf, shuffled } from "./minibatches.ts";
import { refreshedLstmStates } from "./refresh.ts";
import type { Rollout } from "./rollout/types.ts";
import { meanOf, play, roundReport, type Round, type TrainingRun, type Update } from "./training.ts";

/** Plays, learns and reports, round by round, until `totalSteps` are reached or no more are asked for. */
export async function* trainPpo(run: TrainingRun): AsyncGenerator<Round, void> {
  const { engine, hyperparameters, seed, totalSteps } = run;
  let state = run.from;
  while (state.steps < totalSteps) {
    const random = seededRandom(`${seed}/learn/${state.round}`);
    const options = scheduledHyperparameters(hyperparameters, state.steps / totalSteps);

    const played = await play(run, state);
    const advantages = generalisedAdvantages(played.rollout, hyperparameters);
    const epochs = learn(engine, { rollout: played.rollout, advantages, hyperparameters, options, random });

    state = played.state;
    yield { state, report: roundReport(epochs, options, played, advantages) };
  }
}

/** A rollout with its advantages, and how to learn from it. */
export interface Lesson {
  readonly rollout: Rollout;
  readonly advantages: Advantages;
  readonly hyperparameters: Pick<
    Hyperparameters,
    "epochs" | "minibatchSteps" | "sequenceSteps" | "targetKl" | "refreshMemory"
  >;
  readonly options: EngineOptions;
  readonly random: Random;
}

/** Epochs of minibatches over one rollout; changes the engine's weights. Returns the updates of each epoch that was made. */
export function learn(engine: Engine, lesson: Lesson): readonly (readonly Update[])[] {
  const { rollout, advantages, options, random } = lesson;
  const { epochs, minibatchSteps, sequenceSteps, targetKl, refreshMemory } = lesson.hyperparameters;
  // Without an LSTM a sequence is one step, which knows nothing of the one before.
  const sequences = sequencesOf(rollout, sequenceSteps);
  const sequencesInMinibatch = Math.max(1, minibatchSteps / sequenceSteps);
  let { lstmStates } = rollout;
  const made: Update[][] = [];
  while (made.length < epochs) {
    if (lstmStates !== null && refreshMemory && made.length > 0)
      lstmStates = refreshedLstmStates(engine, rollout, sequenceSteps);
    const updates: Update[] = [];
    for (const some of piecesOf(shuffled(sequences, random), sequencesInMinibatch)) {
      const minibatch = minibatchOf(rollout, advantages, some, sequenceSteps, lstmStates);
      if (minibatch === null) continue;
      updates.push({ ...engine.forwardBackward(minibatch, options.loss), ...engine.adam(options.adam) });
    }
    made.push(updates);
    // Far enough from the policy that played: its advantages say nothing about this one.
    if (targetKl !== null && meanOf(updates, "approxKl") > targetKl) break;
  }
  return made;
}
