/** An environment, as Gymnasium ≥ 1.0 has it: what a learner sees of the world, simulated or live. */
import type { BoxSpace, DiscreteSpace } from "./spaces.ts";

/** How an episode begins. */
export interface ResetOptions<Options = unknown> {
  /** Seeds the stream of chance. Without it the stream goes on: seed at the first reset, not at each. */
  readonly seed?: number | string | undefined;
  readonly options?: Options | undefined;
}

/** The first observation of an episode. */
export interface ResetResult<Info> {
  readonly observation: Float32Array;
  readonly info: Info;
}

/** What one step brought. */
export interface StepResult<Info> {
  /** A new array each time: it may be kept. */
  readonly observation: Float32Array;
  readonly reward: number;
  /** The task came to its end: there is no future to value. */
  readonly terminated: boolean;
  /** The episode was cut: bootstrap from the value of `observation`. */
  readonly truncated: boolean;
  readonly info: Info;
}

/** What every `info` holds; an environment's own has more, with the same keys at every step. */
export interface BaseInfo {
  /** 1 where the action is allowed at the next step. */
  readonly actionMask: Uint8Array;
}

/** An environment after Gymnasium's contract: `reset`, then `step` until an episode ends. */
export interface Environment<Info extends BaseInfo = BaseInfo, Options = unknown> {
  /** Versioned: `replicant/Scaling-v0`. */
  readonly id: string;
  readonly observationSpace: BoxSpace;
  readonly actionSpace: DiscreteSpace;
  /** Throws `BadInputError` for options that cannot be. */
  reset(options?: ResetOptions<Options>): ResetResult<Info>;
  /** Throws `EnvironmentMisuseError` before the first reset, after an episode's end, and for an action outside the space. */
  step(action: number): StepResult<Info>;
}

/** The same, where a step takes real time: the live platform. */
export interface LiveEnvironment<Info extends BaseInfo = BaseInfo, Options = unknown> {
  readonly id: string;
  readonly observationSpace: BoxSpace;
  readonly actionSpace: DiscreteSpace;
  reset(options?: ResetOptions<Options>): Promise<ResetResult<Info>>;
  step(action: number): Promise<StepResult<Info>>;
}

/** Thrown for a call that the contract forbids at that moment. */
export class EnvironmentMisuseError extends Error {
  override readonly name = "EnvironmentMisuseError";
}

/** The seed of environment `index` of several: the same environment alone, so seeded, does the same. */
export function seedOf(seed: number | string, index: number): string {
  return `${seed}/${index}`;
}
