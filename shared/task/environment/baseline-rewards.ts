/** Rewards relative to those of a constant policy on the same load. */
import type { Environment } from "./contract.ts";

/**
 * r − r′, r′ being what always taking `constantAction` gains in a twin of the environment with the same seed. What the load did
 * by itself falls out, and nothing else: r′ does not depend on the agent, so the best policy stays the best (Mao et al. 2019,
 * "Variance reduction for reinforcement learning in input-driven environments").
 */
export function baselineRewards(environment: Environment, twin: Environment, constantAction: number): Environment {
  let isTwinOver = false;
  return {
    id: environment.id,
    observationSpace: environment.observationSpace,
    actionSpace: environment.actionSpace,
    reset(options) {
      twin.reset(options);
      isTwinOver = false;
      return environment.reset(options);
    },
    step(action) {
      const step = environment.step(action);
      // Where a window could not be measured one of them may come to its end a step earlier.
      if (isTwinOver) return step;
      const { reward, terminated, truncated } = twin.step(constantAction);
      isTwinOver = terminated || truncated;
      return { ...step, reward: step.reward - reward };
    },
  };
}
