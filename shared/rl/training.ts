/** What a training is given, where it is between two rounds, and what it reports of each. */
import { explainedVariance, type Advantages } from "./advantages.ts";
import type { Engine, LossReport } from "./engine/types.ts";
import type { EngineOptions, Hyperparameters } from "./hyperparameters.ts";
import { joinedStatistics, noStatistics, type NormalisationStatistics } from "./normalisation.ts";
import { joinedRollouts } from "./rollout/join.ts";
import type { RolloutCollector, EndedEpisode, Rollout, ShardPlace } from "./rollout/types.ts";

/** Where a training is between two rounds, but for the weights and the optimiser, which the engine holds. */
export interface TrainingState {
  readonly round: number;
  readonly steps: number;
  /** Of all raw observations so far; null where they are not normalised. */
  readonly statistics: NormalisationStatistics | null;
  /** Null before the first round. */
  readonly places: readonly ShardPlace[] | null;
}

/** All that one training is. */
export interface TrainingRun {
  /** Holds the weights to begin with, and what is learned. */
  readonly engine: Engine;
  readonly collector: RolloutCollector;
  readonly hyperparameters: Hyperparameters;
  readonly seed: number | string;
  /** Schedules end here, and the training with the round that reaches it. */
  readonly totalSteps: number;
  readonly from: TrainingState;
}

/** Means over the updates of a round. */
export interface RoundReport {
  readonly policyLoss: number;
  readonly valueLoss: number;
  readonly entropy: number;
  readonly approxKl: number;
  readonly clipFraction: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly entropyCoefficient: number;
  /** Passes made: fewer than asked when the policy had moved far enough. */
  readonly epochs: number;
  /** Of the critic before the update; null when all returns are alike. */
  readonly explainedVariance: number | null;
  readonly episodes: number;
  /** Of the episodes that ended in this round; null when none did. */
  readonly meanReturn: number | null;
  readonly meanLength: number | null;
}

/** What each round yields. */
export interface Round {
  readonly state: TrainingState;
  readonly report: RoundReport;
}

/** Before the first round. */
export function freshState({ normaliseObservations }: Hyperparameters, observationSize: number): TrainingState {
  return {
    round: 0,
    steps: 0,
    statistics: normaliseObservations ? noStatistics(observationSize) : null,
    places: null,
  };
}

/** One round as it was played, before anything is learned from it. */
export interface Played {
  readonly rollout: Rollout;
  readonly episodes: readonly EndedEpisode[];
  readonly state: TrainingState;
}

/** Plays one round with the weights as they are. */
export async function play({ engine, collector, hyperparameters }: TrainingRun, state: TrainingState): Promise<Played> {
  const { rolloutSteps, environments, sequenceSteps, maskActions } = hyperparameters;
  const steps = rolloutSteps / environments;
  const shards = await collector.collect({
    round: state.round,
    weights: engine.getWeights(),
    steps,
    sequenceSteps,
    statistics: state.statistics,
    maskActions,
  });
  return {
    rollout: joinedRollouts(shards.map(({ rollout }) => rollout)),
    episodes: shards.flatMap(({ episodes }) => episodes),
    state: {
      round: state.round + 1,
      steps: state.steps + rolloutSteps,
      statistics:
        state.statistics &&
        shards.reduce((joined, { statistics }) => joinedStatistics(joined, statistics), state.statistics),
      places: shards.map(({ place }) => place),
    },
  };
}

/** One step of the optimiser. */
export interface Update extends LossReport {
  readonly gradientNorm: number;
}

/** The mean of one of the updates' numbers. */
export function meanOf(updates: readonly Update[], field: keyof Update): number {
  return mean(updates.map((update) => update[field]));
}

/** What a round reports: means over its updates, and the returns of its episodes. */
export function roundReport(
  epochs: readonly (readonly Update[])[],
  { loss, adam }: EngineOptions,
  { rollout, episodes }: Played,
  { returns }: Advantages,
): RoundReport {
  const updates = epochs.flat();
  const of = (field: keyof Update) => meanOf(updates, field);
  return {
    policyLoss: of("policyLoss"),
    valueLoss: of("valueLoss"),
    entropy: of("entropy"),
    approxKl: of("approxKl"),
    clipFraction: of("clipFraction"),
    gradientNorm: of("gradientNorm"),
    learningRate: adam.learningRate,
    entropyCoefficient: loss.entropyCoefficient,
    epochs: epochs.length,
    explainedVariance: explainedVariance(rollout.values, returns),
    episodes: episodes.length,
    meanReturn: episodes.length === 0 ? null : mean(episodes.map((episode) => episode.return)),
    meanLength: episodes.length === 0 ? null : mean(episodes.map(({ length }) => length)),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
