/** Several environments stepped together, each starting a new episode by a declared rule. */
import { EnvironmentMisuseError } from "./contract.ts";
import type { BaseInfo, Environment, ResetOptions } from "./contract.ts";
import type { BoxSpace, DiscreteSpace } from "./spaces.ts";

/**
 * `same-step`: the step that ends an episode answers the next one's first observation; the last one stands in
 * `finalObservations`. `next-step`: the step after the end ignores its action, resets and answers reward 0.
 * `disabled`: the caller resets.
 */
export type AutoReset = "same-step" | "next-step" | "disabled";

export interface VectorStep<Info> {
  /** numEnvs × size, row by row. A new array each time. */
  readonly observations: Float32Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly infos: readonly Info[];
  /** `same-step` only: where an episode ended, its last observation (to bootstrap from) and info; null elsewhere. */
  readonly finalObservations: readonly (Float32Array | null)[];
  readonly finalInfos: readonly (Info | null)[];
}

export interface VectorEnvironment<Info extends BaseInfo = BaseInfo, Options = unknown> {
  readonly id: string;
  readonly numEnvs: number;
  readonly autoReset: AutoReset;
  readonly singleObservationSpace: BoxSpace;
  readonly singleActionSpace: DiscreteSpace;
  /** Seed s gives environment i the seed `s/i`. */
  reset(options?: ResetOptions<Options>): { readonly observations: Float32Array; readonly infos: readonly Info[] };
  step(actions: ArrayLike<number>): VectorStep<Info>;
}

/** The seed of environment `index` under a vector's seed: the same environment alone, so seeded, does the same. */
export function seedOf(seed: number | string, index: number): string {
  return `${seed}/${index}`;
}

/** Steps `environments`, which must be alike, one after the other. */
export function vectorOf<Info extends BaseInfo, Options>(
  environments: readonly Environment<Info, Options>[],
  autoReset: AutoReset = "same-step",
): VectorEnvironment<Info, Options> {
  const first = environments[0];
  if (!first) throw new EnvironmentMisuseError("a vector needs at least one environment");
  const size = first.observationSpace.low.length;
  const numEnvs = environments.length;
  /** Episodes that are over and wait for their reset. */
  const over = new Uint8Array(numEnvs);
  let started = false;

  return {
    id: first.id,
    numEnvs,
    autoReset,
    singleObservationSpace: first.observationSpace,
    singleActionSpace: first.actionSpace,
    reset({ seed, options } = {}) {
      const observations = new Float32Array(numEnvs * size);
      const infos = environments.map((environment, i) => {
        const result = environment.reset({ seed: seed === undefined ? undefined : seedOf(seed, i), options });
        observations.set(result.observation, i * size);
        return result.info;
      });
      over.fill(0);
      started = true;
      return { observations, infos };
    },
    step(actions) {
      if (!started) throw new EnvironmentMisuseError(`${first.id}: step before reset`);
      if (actions.length !== numEnvs) {
        throw new EnvironmentMisuseError(`${first.id}: ${actions.length} actions for ${numEnvs} environments`);
      }
      const observations = new Float32Array(numEnvs * size);
      const rewards = new Float64Array(numEnvs);
      const terminated = new Uint8Array(numEnvs);
      const truncated = new Uint8Array(numEnvs);
      const infos: Info[] = [];
      const finalObservations: (Float32Array | null)[] = [];
      const finalInfos: (Info | null)[] = [];
      environments.forEach((environment, i) => {
        finalObservations.push(null);
        finalInfos.push(null);
        if (over[i] === 1 && autoReset === "next-step") {
          const fresh = environment.reset();
          over[i] = 0;
          observations.set(fresh.observation, i * size);
          infos.push(fresh.info);
          return;
        }
        const result = environment.step(actions[i]!);
        const ended = result.terminated || result.truncated;
        rewards[i] = result.reward;
        terminated[i] = result.terminated ? 1 : 0;
        truncated[i] = result.truncated ? 1 : 0;
        if (!ended || autoReset !== "same-step") {
          over[i] = ended ? 1 : 0;
          observations.set(result.observation, i * size);
          infos.push(result.info);
          return;
        }
        finalObservations[i] = result.observation;
        finalInfos[i] = result.info;
        const fresh = environment.reset();
        observations.set(fresh.observation, i * size);
        infos.push(fresh.info);
      });
      return { observations, rewards, terminated, truncated, infos, finalObservations, finalInfos };
    },
  };
}
