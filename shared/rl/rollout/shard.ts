/** Some environments played together by one engine: the part of a rollout that one thread gathers. */
import { RunningStatistics, seedOf, sizeOf, type Environment } from "../../core/environment.ts";
import { BadInputError } from "../../core/errors.ts";
import { seededRandom } from "../../core/random.ts";
import { logProbabilities, sampled } from "../categorical.ts";
import type { Engine, LstmState } from "../engine/types.ts";
import { normaliserOf } from "../normalisation.ts";
import { PlacedEnvironment } from "./placed-environment.ts";
import type { EndedEpisode, Rollout, RoundOrder, ShardPlace, ShardRollout } from "./types.ts";

export class Shard {
  readonly #environments: readonly PlacedEnvironment[];
  readonly #seed: string;
  #memory: LstmState | null = null;

  /** Environment i of the training has the seed `seed/i`; `first` is the number of the first one here. */
  constructor(environments: readonly Environment[], seed: number | string, first: number) {
    this.#seed = `${seed}/play/${first}`;
    this.#environments = environments.map(
      (environment, i) => new PlacedEnvironment(environment, seedOf(seed, first + i)),
    );
  }

  goTo({ environments, memory }: ShardPlace): void {
    if (environments.length !== this.#environments.length) {
      const [were, are] = [environments.length, this.#environments.length];
      throw new BadInputError(`the checkpoint's training has ${were} environments a shard, this one ${are}`);
    }
    environments.forEach((place, i) => this.#environments[i]!.goTo(place));
    this.#memory = memory;
  }

  /** `engine` must hold the order's weights. */
  collect(engine: Engine, order: Omit<RoundOrder, "weights">): ShardRollout {
    const environments = this.#environments;
    const size = sizeOf(environments[0]!.environment.observationSpace);
    const random = seededRandom(`${this.#seed}/${order.round}`);
    const normalised = normaliserOf(order.statistics);
    const statistics = new RunningStatistics(size);
    const rollout = emptyRollout(order, environments.length, size, engine.spec.actions);
    const memories: LstmState[] = [];
    const episodes: EndedEpisode[] = [];

    for (let t = 0; t < order.steps; t++) {
      const at = t * environments.length;
      if (engine.spec.lstm !== null && t % order.sequenceSteps === 0) {
        memories.push(this.#memory ?? zeroMemory(environments.length * engine.spec.lstm));
      }
      const starts = this.#starts();
      const observations = this.#observations(size, normalised);
      rollout.observations.set(observations, at * size);
      rollout.episodeStarts.set(starts, at);
      const { logits, values, state } = engine.step(observations, this.#memory, starts);
      rollout.values.set(values, at);
      // What the step before led to is worth what is seen now; ends are corrected below.
      if (t > 0) rollout.nextValues.set(values, at - environments.length);

      const last: (Float32Array | null)[] = environments.map((environment, b) => {
        const row = at + b;
        statistics.add(environment.observation);
        const mask = order.maskActions ? environment.actionMask : null;
        if (mask !== null) rollout.actionMasks!.set(mask, row * engine.spec.actions);
        const actions = engine.spec.actions;
        const logProbs = logProbabilities(logits.subarray(b * actions, (b + 1) * actions), mask);
        const action = sampled(logProbs, random);
        const step = environment.step(action);
        rollout.actions[row] = action;
        rollout.logProbs[row] = logProbs[action]!;
        rollout.rewards[row] = step.reward;
        rollout.terminated[row] = step.terminated ? 1 : 0;
        rollout.truncated[row] = step.truncated ? 1 : 0;
        if (step.ended !== null) episodes.push(step.ended);
        return step.lastObservation;
      });
      this.#memory = state;
      if (last.some((observation) => observation !== null))
        this.#valueLast(engine, last, at, size, normalised, rollout);
    }
    this.#valueNext(engine, size, normalised, rollout);
    return {
      rollout: { ...rollout, memories: engine.spec.lstm === null ? null : memories },
      episodes,
      statistics: statistics.statistics,
      place: { environments: environments.map(({ place }) => place), memory: this.#memory },
    };
  }

  /** Values the last observations of episodes that ended, with the memory that led there. */
  #valueLast(
    engine: Engine,
    last: readonly (Float32Array | null)[],
    at: number,
    size: number,
    normalised: (observation: Float32Array) => Float32Array,
    rollout: Filling,
  ): void {
    const observations = new Float32Array(last.length * size);
    last.forEach((observation, b) => {
      if (observation !== null) observations.set(normalised(observation), b * size);
    });
    const { values } = engine.step(observations, this.#memory);
    last.forEach((observation, b) => {
      if (observation !== null) rollout.lastValues.set(at + b, values[b]!);
    });
  }

  /** Values what comes after the last step, and puts the values of ended episodes where they belong. */
  #valueNext(
    engine: Engine,
    size: number,
    normalised: (observation: Float32Array) => Float32Array,
    rollout: Filling,
  ): void {
    const { values } = engine.step(this.#observations(size, normalised), this.#memory, this.#starts());
    rollout.nextValues.set(values, rollout.nextValues.length - values.length);
    for (const [row, value] of rollout.lastValues) rollout.nextValues[row] = value;
  }

  #starts(): Uint8Array {
    return Uint8Array.from(this.#environments, ({ isStart }) => (isStart ? 1 : 0));
  }

  #observations(size: number, normalised: (observation: Float32Array) => Float32Array): Float32Array {
    const observations = new Float32Array(this.#environments.length * size);
    this.#environments.forEach(({ observation }, b) => observations.set(normalised(observation), b * size));
    return observations;
  }
}

/** A rollout on its way, with the values of last observations by row. */
type Filling = Omit<Rollout, "memories"> & { readonly lastValues: Map<number, number> };

function emptyRollout(
  { steps, maskActions }: Pick<RoundOrder, "steps" | "maskActions">,
  environments: number,
  size: number,
  actions: number,
): Filling {
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
    lastValues: new Map(),
  };
}

function zeroMemory(size: number): LstmState {
  return { h: new Float32Array(size), c: new Float32Array(size) };
}
