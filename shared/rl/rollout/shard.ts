/** Some environments played together by one engine: the part of a rollout that one thread gathers. */
import { seedOf, type Environment } from "../../task/environment/contract.ts";
import { BadInputError } from "../../core/errors.ts";
import { seededRandom } from "../../core/random.ts";
import type { Engine, LstmState } from "../engine/types.ts";
import { PlacedEnvironment } from "./placed-environment.ts";
import { RolloutRecorder, type PlayOrder } from "./recorder.ts";
import type { ShardPlace, ShardRollout } from "./types.ts";

/** Environments that are played together, with their LSTM memory. */
export class Shard {
  readonly #environments: readonly PlacedEnvironment[];
  readonly #seed: string;
  #lstmState: LstmState | null = null;

  /** Environment i of the training has the seed `seed/i`; `first` is the number of the first one here. */
  constructor(environments: readonly Environment[], seed: number | string, first: number) {
    this.#seed = `${seed}/play/${first}`;
    this.#environments = environments.map(
      (environment, i) => new PlacedEnvironment(environment, seedOf(seed, first + i)),
    );
  }

  /** Restores a saved place. Throws `BadInputError` where it has another number of environments. */
  goTo({ environments, lstmState }: ShardPlace): void {
    if (environments.length !== this.#environments.length) {
      const [were, are] = [environments.length, this.#environments.length];
      throw new BadInputError(`the checkpoint's training has ${were} environments a shard, this one ${are}`);
    }
    environments.forEach((place, i) => this.#environments[i]!.goTo(place));
    this.#lstmState = lstmState;
  }

  /** `engine` must hold the order's weights. */
  collect(engine: Engine, order: PlayOrder): ShardRollout {
    const environments = this.#environments;
    const random = seededRandom(`${this.#seed}/${order.round}`);
    const recorder = new RolloutRecorder(engine, order, environments.length, { random, lstmState: this.#lstmState });
    for (let t = 0; t < order.steps; t++) {
      const actions = recorder.decide(environments);
      recorder.record(environments.map((environment, b) => environment.step(actions[b]!)));
    }
    this.#lstmState = recorder.lstmState;
    const place = { environments: environments.map((environment) => environment.place), lstmState: this.#lstmState };
    return { ...recorder.finish(environments), place };
  }
}
