/** An environment in which every step can be decided on: windows that were not measured are passed over. */
import type { BaseInfo, Environment } from "./contract.ts";

/** How windows that were not measured are stepped over. */
export interface DecidableStepsOptions<Options> {
  /** Taken on a window that was not measured, where the environment holds whatever is asked for. */
  readonly holdAction: number;
  /** Passed on at each reset. */
  readonly options: Options;
}

/**
 * A window without arrivals or counts (`info.missing`) is held, as in service: the episode goes on to the next one that can be
 * decided on, and what was gained on the way is added up. An episode that ends on such a window ends with zeros.
 */
export function decidableSteps<Info extends BaseInfo & { readonly missing: boolean }, Options>(
  environment: Environment<Info, Options>,
  { holdAction, options }: DecidableStepsOptions<Options>,
): Environment<Info> {
  const { id, observationSpace, actionSpace } = environment;
  const zeros = new Float32Array(observationSpace.low.length);
  return {
    id,
    observationSpace,
    actionSpace,
    reset({ seed } = {}) {
      let { observation, info } = environment.reset({ seed, options });
      let isOver = false;
      while (info.missing && !isOver) {
        const step = environment.step(holdAction);
        ({ observation, info } = step);
        isOver = step.truncated || step.terminated;
      }
      return { observation: info.missing ? zeros : observation, info };
    },
    step(action) {
      let step = environment.step(action);
      let reward = step.reward;
      while (step.info.missing && !step.truncated && !step.terminated) {
        step = environment.step(holdAction);
        reward += step.reward;
      }
      return { ...step, observation: step.info.missing ? zeros : step.observation, reward };
    },
  };
}
