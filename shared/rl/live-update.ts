/**
 * One PPO update on what really happened: transitions of a running function in place of a rollout.
 *
 * What differs from a rollout, and what is done about it:
 * - The policy's proposal may not be what was applied. Where the guard made another number of it, the step counts as the action
 *   that asks for the applied number, with the log probability that the network gave to that one; where no action does, or
 *   where the rule decided, the step is left out of the loss. It still passes through the LSTM: the network saw it.
 * - Advantages do not reach across a step that is left out: what came after it is not this policy's merit. There, and where
 *   windows are missing, the future is valued by the critic, like after a cut.
 * - In service the likeliest action is taken, not a drawn one. The clipped ratio keeps such an update small, and whether it was
 *   for the better is decided by an evaluation, never here.
 */
import { seededRandom } from "../core/random.ts";
import { generalisedAdvantages } from "./advantages.ts";
import { logProbabilities } from "./categorical.ts";
import type { Engine } from "./engine/types.ts";
import { scheduledHyperparameters, type Hyperparameters } from "./hyperparameters.ts";
import { normaliserOf, type NormalisationStatistics } from "./normalisation.ts";
import { learn } from "./ppo.ts";
import { refreshedLstmStates } from "./refresh.ts";
import type { Rollout } from "./rollout/types.ts";
import { meanOf } from "./training.ts";

/** One window of a running function, as the learner sees it. */
export interface LiveStep {
  /** As the policy saw it, not normalised. */
  readonly observation: readonly number[];
  readonly actionMask: readonly boolean[];
  /** What was done; null: not this policy's doing. */
  readonly action: number | null;
  /** Of the action under the policy that acted; null: to be computed. */
  readonly logProbability: number | null;
  /** Of the window that followed. */
  readonly reward: number;
  /** No window of this function came right before. */
  readonly isStart: boolean;
}

/** How a policy is updated from live steps. */
export interface LiveUpdateOptions {
  readonly hyperparameters: Hyperparameters;
  readonly statistics: NormalisationStatistics | null;
  readonly seed: number | string;
}

/** What an update from live steps did. */
export interface LiveReport {
  readonly steps: number;
  /** Those in the loss. */
  readonly counted: number;
  readonly meanReward: number;
  readonly epochs: number;
  /** Means over the updates of the last epoch; null when there was nothing to learn from. */
  readonly approxKl: number | null;
  readonly policyLoss: number | null;
  readonly valueLoss: number | null;
}

/** Changes the engine's weights. `steps` are those of one function, in their order. */
export function liveUpdate(engine: Engine, steps: readonly LiveStep[], options: LiveUpdateOptions): LiveReport {
  const { hyperparameters, seed } = options;
  const rollout = steps.length === 0 ? null : rolloutOf(engine, steps, options);
  const counted = rollout === null ? 0 : rollout.counted.reduce((sum, one) => sum + one, 0);
  const meanReward = steps.reduce((sum, { reward }) => sum + reward, 0) / Math.max(1, steps.length);
  const about = { steps: steps.length, counted, meanReward };
  if (rollout === null || counted === 0) {
    return { ...about, epochs: 0, approxKl: null, policyLoss: null, valueLoss: null };
  }
  const advantages = generalisedAdvantages(rollout, { ...hyperparameters, bootstrapTruncation: true });
  const epochs = learn(engine, {
    rollout,
    advantages,
    hyperparameters: { ...hyperparameters, refreshMemory: true },
    // The end of the schedules: what was learned before is not to be thrown over.
    options: scheduledHyperparameters(hyperparameters, 1),
    random: seededRandom(`${seed}/live`),
  });
  const last = epochs.at(-1)!;
  return {
    ...about,
    epochs: epochs.length,
    approxKl: meanOf(last, "approxKl"),
    policyLoss: meanOf(last, "policyLoss"),
    valueLoss: meanOf(last, "valueLoss"),
  };
}

type LiveRollout = Rollout & { readonly counted: Uint8Array };

function rolloutOf(
  engine: Engine,
  steps: readonly LiveStep[],
  { hyperparameters, statistics }: LiveUpdateOptions,
): LiveRollout {
  const { observationSize: size, actions, lstm } = engine.spec;
  const count = steps.length;
  const normalised = normaliserOf(statistics);
  const observations = new Float32Array(count * size);
  const episodeStarts = new Uint8Array(count);
  const actionMasks = new Uint8Array(count * actions);
  steps.forEach(({ observation, isStart, actionMask }, t) => {
    observations.set(normalised(observation), t * size);
    episodeStarts[t] = isStart || t === 0 ? 1 : 0;
    actionMask.forEach((allowed, a) => (actionMasks[t * actions + a] = allowed ? 1 : 0));
  });
  const { logits, values } = engine.forwardSequence({
    steps: count,
    sequences: 1,
    observations,
    episodeStarts,
    initialState: null,
  });

  const counted = new Uint8Array(count);
  const truncated = new Uint8Array(count);
  const nextValues = new Float32Array(count);
  const taken = new Int32Array(count);
  const logProbs = new Float32Array(count);
  steps.forEach(({ action, logProbability }, t) => {
    const mask = actionMasks.subarray(t * actions, (t + 1) * actions);
    const hasNext = t + 1 < count && episodeStarts[t + 1] === 0;
    const isOwn = action !== null && mask[action] === 1;
    // Without the next observation there is no value to compare with.
    counted[t] = isOwn && hasNext ? 1 : 0;
    truncated[t] = !hasNext || steps[t + 1]!.action === null || !isOwn ? 1 : 0;
    nextValues[t] = hasNext ? values[t + 1]! : values[t]!;
    taken[t] = isOwn ? action : mask.indexOf(1);
    const ofAll = logProbabilities(logits.subarray(t * actions, (t + 1) * actions), mask);
    logProbs[t] = logProbability ?? ofAll[taken[t]!]!;
  });
  const rollout = {
    steps: count,
    environments: 1,
    observations,
    episodeStarts,
    actions: taken,
    actionMasks,
    logProbs,
    rewards: Float32Array.from(steps, ({ reward }) => reward),
    values,
    nextValues,
    terminated: new Uint8Array(count),
    truncated,
    counted,
    lstmStates: lstm === null ? null : [{ h: new Float32Array(lstm), c: new Float32Array(lstm) }],
  };
  if (lstm === null) return rollout;
  // Nobody wrote states down while the function ran: they follow from the first.
  return { ...rollout, lstmStates: refreshedLstmStates(engine, rollout, hyperparameters.sequenceSteps) };
}
