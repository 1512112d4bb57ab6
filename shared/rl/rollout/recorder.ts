/** A rollout on its way: draws actions, writes down what came of them, and values what was cut. Whoever plays drives it. */
import { RunningStatistics, normaliserOf, type Normaliser } from "../normalisation.ts";
import type { Random } from "../../core/random.ts";
import { logProbabilities, sampled } from "../categorical.ts";
import type { Engine, LstmState } from "../engine/types.ts";
import type { EndedEpisode, Rollout, RoundOrder, ShardRollout } from "./types.ts";

/** An environment as the agent sees it before a step. */
export interface AgentView {
  readonly observation: Float32Array;
  readonly actionMask: Uint8Array;
  /** The next step is the first of its episode. */
  readonly isStart: boolean;
}

/** What came of a step. */
export interface PlayedStep {
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  /** The last observation of the episode that ended with this step; null while it goes on. */
  readonly lastObservation: Float32Array | null;
  readonly ended: EndedEpisode | null;
}

/** An order for a round, without the weights, which the engine has. */
export type PlayOrder = Omit<RoundOrder, "weights">;

/** A rollout being filled, with the values of last observations by row. */
type Filling = Omit<Rollout, "lstmStates"> & { readonly lastValues: Map<number, number> };

/** Chooses actions and records a rollout, step by step. */
export class RolloutRecorder {
  readonly #engine: Engine;
  readonly #order: PlayOrder;
  readonly #environments: number;
  readonly #size: number;
  readonly #random: Random;
  readonly #normalised: Normaliser;
  readonly #statistics: RunningStatistics;
  readonly #rollout: Filling;
  readonly #lstmStates: LstmState[] = [];
  readonly #episodes: EndedEpisode[] = [];
  #lstmState: LstmState | null;
  #stepped: LstmState | null = null;
  #t = 0;

  /** `engine` must hold the order's weights; `lstmState` is the agent's of the episodes that go on. */
  constructor(
    engine: Engine,
    order: PlayOrder,
    environments: number,
    { random, lstmState }: { readonly random: Random; readonly lstmState: LstmState | null },
  ) {
    const { observationSize, actions } = engine.spec;
    this.#engine = engine;
    this.#order = order;
    this.#environments = environments;
    this.#size = observationSize;
    this.#random = random;
    this.#lstmState = lstmState;
    this.#normalised = normaliserOf(order.statistics);
    this.#statistics = new RunningStatistics(observationSize);
    this.#rollout = emptyRollout(order, environments, observationSize, actions);
  }

  /** After the last recorded step. */
  get lstmState(): LstmState | null {
    return this.#lstmState;
  }

  /** Draws an action for each environment; `record` must follow. */
  decide(views: readonly AgentView[]): readonly number[] {
    const { lstm, actions } = this.#engine.spec;
    const { maskActions, sequenceSteps } = this.#order;
    const rollout = this.#rollout;
    const at = this.#t * this.#environments;
    if (lstm !== null && this.#t % sequenceSteps === 0) {
      this.#lstmStates.push(this.#lstmState ?? zeroState(this.#environments * lstm));
    }
    const starts = startsOf(views);
    const observations = this.#observations(views);
    rollout.observations.set(observations, at * this.#size);
    rollout.episodeStarts.set(starts, at);
    const { logits, values, state } = this.#engine.step(observations, this.#lstmState, starts);
    this.#stepped = state;
    rollout.values.set(values, at);
    // What the step before led to is worth what is seen now; ends are corrected below.
    if (this.#t > 0) rollout.nextValues.set(values, at - this.#environments);
    return views.map(({ observation, actionMask }, b) => {
      const row = at + b;
      this.#statistics.add(observation);
      const mask = maskActions ? actionMask : null;
      if (mask !== null) rollout.actionMasks!.set(mask, row * actions);
      const logProbs = logProbabilities(logits.subarray(b * actions, (b + 1) * actions), mask);
      const action = sampled(logProbs, this.#random);
      rollout.actions[row] = action;
      rollout.logProbs[row] = logProbs[action]!;
      return action;
    });
  }

  /** What each environment made of its action. */
  record(steps: readonly PlayedStep[]): void {
    const at = this.#t * this.#environments;
    steps.forEach(({ reward, terminated, truncated, ended }, b) => {
      this.#rollout.rewards[at + b] = reward;
      this.#rollout.terminated[at + b] = terminated ? 1 : 0;
      this.#rollout.truncated[at + b] = truncated ? 1 : 0;
      if (ended !== null) this.#episodes.push(ended);
    });
    this.#lstmState = this.#stepped;
    this.#t++;
    if (steps.some(({ lastObservation }) => lastObservation !== null)) this.#valueLast(steps, at);
  }

  /** After the last step: `views` are what the next round begins with. */
  finish(views: readonly AgentView[]): Omit<ShardRollout, "place"> {
    const rollout = this.#rollout;
    const { values } = this.#engine.step(this.#observations(views), this.#lstmState, startsOf(views));
    rollout.nextValues.set(values, rollout.nextValues.length - values.length);
    for (const [row, value] of rollout.lastValues) rollout.nextValues[row] = value;
    return {
      rollout: { ...rollout, lstmStates: this.#engine.spec.lstm === null ? null : this.#lstmStates },
      episodes: this.#episodes,
      statistics: this.#statistics.statistics,
    };
  }

  /** Values the last observations of episodes that ended, with the LSTM's state that led there. */
  #valueLast(steps: readonly PlayedStep[], at: number): void {
    const observations = new Float32Array(steps.length * this.#size);
    steps.forEach(({ lastObservation }, b) => {
      if (lastObservation !== null) observations.set(this.#normalised(lastObservation), b * this.#size);
    });
    const { values } = this.#engine.step(observations, this.#lstmState);
    steps.forEach(({ lastObservation }, b) => {
      if (lastObservation !== null) this.#rollout.lastValues.set(at + b, values[b]!);
    });
  }

  #observations(views: readonly AgentView[]): Float32Array {
    const observations = new Float32Array(views.length * this.#size);
    views.forEach(({ observation }, b) => observations.set(this.#normalised(observation), b * this.#size));
    return observations;
  }
}

function startsOf(views: readonly AgentView[]): Uint8Array {
  return Uint8Array.from(views, ({ isStart }) => (isStart ? 1 : 0));
}

function emptyRollout({ steps, maskActions }: PlayOrder, environments: number, size: number, actions: number): Filling {
  const rows = steps * environments;
  return {
    steps,
    environments,
    observations: new Float32Array(rows * size),
    episodeStarts: new Uint8Array(rows),
    actions: new Int32Array(rows),
    actionMasks: maskActions ? new Uint8Array(rows * actions) : null,
    logProbs: new Float32Array(rows),
    rewards: new Float32Array(rows),
    values: new Float32Array(rows),
    nextValues: new Float32Array(rows),
    terminated: new Uint8Array(rows),
    truncated: new Uint8Array(rows),
    counted: null,
    lastValues: new Map(),
  };
}

function zeroState(size: number): LstmState {
  return { h: new Float32Array(size), c: new Float32Array(size) };
}
