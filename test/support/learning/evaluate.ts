/** What a network reaches in an environment when it stops trying: always the likeliest action, nothing learned. */
import { normaliserOf, type NormalisationStatistics } from "#shared/rl/normalisation.ts";
import type { Environment } from "#shared/task/environment/contract.ts";
import { likeliest, logProbabilities } from "#shared/rl/categorical.ts";
import type { Engine, LstmState } from "#shared/rl/engine/types.ts";

export interface EvaluateOptions {
  readonly episodes: number;
  readonly seed: number | string;
  /** Frozen: those of the training. Null: observations are seen as they are. */
  readonly statistics?: NormalisationStatistics | null;
  readonly maskActions?: boolean;
}

export interface EvaluationResult {
  readonly meanReturn: number;
  readonly returns: readonly number[];
}

export function evaluate(engine: Engine, environment: Environment, options: EvaluateOptions): EvaluationResult {
  const { episodes, seed, statistics = null, maskActions = false } = options;
  const normalised = normaliserOf(statistics);
  const returns: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    let { observation, info } = environment.reset({ seed: `${seed}/${episode}` });
    let lstmState: LstmState | null = null;
    let total = 0;
    for (let isOver = false; !isOver;) {
      const { logits, state } = engine.step(normalised(observation), lstmState);
      const step = environment.step(likeliest(logProbabilities(logits, maskActions ? info.actionMask : null)));
      ({ observation, info } = step);
      lstmState = state;
      total += step.reward;
      isOver = step.terminated || step.truncated;
    }
    returns.push(total);
  }
  return { meanReturn: returns.reduce((sum, value) => sum + value, 0) / episodes, returns };
}
