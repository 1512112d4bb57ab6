/** An environment whose place can be written down and found again: each episode has a seed of its own. */
import type { Environment } from "../../task/environment/contract.ts";
import { BadInputError } from "../../core/errors.ts";
import type { PlayedStep, AgentView } from "./recorder.ts";
import type { EnvironmentPlace } from "./types.ts";

/** An environment whose place can be saved and restored: by its episode and the actions taken in it. */
export class PlacedEnvironment implements AgentView {
  readonly environment: Environment;
  readonly #seed: string;
  #episode = -1;
  #actions: number[] = [];
  #return = 0;
  #observation!: Float32Array;
  #actionMask!: Uint8Array;

  /** Begins with the first episode. */
  constructor(environment: Environment, seed: string) {
    this.environment = environment;
    this.#seed = seed;
    this.#begin(0);
  }

  get observation(): Float32Array {
    return this.#observation;
  }

  get actionMask(): Uint8Array {
    return this.#actionMask;
  }

  /** The next step is the first of its episode. */
  get isStart(): boolean {
    return this.#actions.length === 0;
  }

  get place(): EnvironmentPlace {
    return { episode: this.#episode, actions: [...this.#actions] };
  }

  /** Begins the next episode by itself. */
  step(action: number): PlayedStep {
    const { observation, reward, terminated, truncated, info } = this.environment.step(action);
    this.#actions.push(action);
    this.#return += reward;
    this.#observation = observation;
    this.#actionMask = info.actionMask;
    const step = { reward, terminated, truncated };
    if (!terminated && !truncated) return { ...step, lastObservation: null, ended: null };
    const ended = { return: this.#return, length: this.#actions.length };
    this.#begin(this.#episode + 1);
    return { ...step, lastObservation: observation, ended };
  }

  /** Lives through the episode's actions again. Throws `BadInputError` when they lead out of it. */
  goTo({ episode, actions }: EnvironmentPlace): void {
    this.#begin(episode);
    for (const action of actions) {
      if (this.step(action).ended !== null)
        throw new BadInputError(`episode ${episode} ended before its ${actions.length} recorded actions were over`);
    }
  }

  #begin(episode: number): void {
    this.#episode = episode;
    this.#actions = [];
    this.#return = 0;
    const { observation, info } = this.environment.reset({ seed: `${this.#seed}/${episode}` });
    this.#observation = observation;
    this.#actionMask = info.actionMask;
  }
}
