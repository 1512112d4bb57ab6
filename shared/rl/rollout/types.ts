/** What is asked of those who play, and what they bring back. */
import type { NormalisationStatistics } from "../normalisation.ts";
import type { LstmState } from "../engine/types.ts";
import type { Weights } from "../engine/network.ts";

/** Where an environment is: its episode, and all that was done in it. The same seed and place are the same world. */
export interface EnvironmentPlace {
  readonly episode: number;
  readonly actions: readonly number[];
}

/** Where a shard is between two rounds. */
export interface ShardPlace {
  readonly environments: readonly EnvironmentPlace[];
  /** The LSTM's state of the episodes that go on; null without an LSTM. */
  readonly lstmState: LstmState | null;
}

/** One round: so many steps with these weights. */
export interface RoundOrder {
  readonly round: number;
  readonly weights: Weights;
  /** Steps of each environment. */
  readonly steps: number;
  /** The LSTM's state is written down before every so many steps. */
  readonly sequenceSteps: number;
  /** How observations are normalised in this round; null: they are not. */
  readonly statistics: NormalisationStatistics | null;
  readonly maskActions: boolean;
}

/**
 * What one round brought, time-major: what belongs to step t of environment b is at row t · environments + b.
 * Observations are as the network saw them.
 */
export interface Rollout {
  readonly steps: number;
  readonly environments: number;
  readonly observations: Float32Array;
  readonly episodeStarts: Uint8Array;
  readonly actions: Int32Array;
  /** [rows, actions]; null when the agent was free to try everything. */
  readonly actionMasks: Uint8Array | null;
  readonly logProbs: Float32Array;
  readonly rewards: Float32Array;
  readonly values: Float32Array;
  readonly nextValues: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** 1 where the step is in the loss; null: all of them are. */
  readonly counted: Uint8Array | null;
  /** The LSTM's state before steps 0, sequenceSteps, 2 · sequenceSteps, …; null without an LSTM. */
  readonly lstmStates: readonly LstmState[] | null;
}

/** The undiscounted return and the length in steps of an episode that ended. */
export interface EndedEpisode {
  readonly return: number;
  readonly length: number;
}

/** What a shard played in one round, and where it is now. */
export interface ShardRollout {
  readonly rollout: Rollout;
  readonly episodes: readonly EndedEpisode[];
  /** Of the raw observations of this round. */
  readonly statistics: NormalisationStatistics;
  readonly place: ShardPlace;
}

/**
 * The environments of a training, in a fixed number of shards whose results are joined in their order: what is learned does
 * not depend on how many threads play.
 */
export interface RolloutCollector {
  collect(order: RoundOrder): Promise<readonly ShardRollout[]>;
  /** Goes to where an earlier training was. */
  restore(places: readonly ShardPlace[]): Promise<void>;
  close(): Promise<void>;
}
