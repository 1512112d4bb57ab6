/** Checks that an environment keeps the contract, as Gymnasium's `check_env` does. */
import {
  EnvironmentMisuseError,
  type BaseInfo,
  type Environment,
  type ResetResult,
  type StepResult,
} from "#shared/task/environment/contract.ts";
import { boxContains, sampleDiscrete } from "#shared/task/environment/spaces.ts";
import { seededRandom } from "#shared/core/random.ts";

/** One sentence for each breach found in `steps` random steps; empty when there is none. */
export function checkEnvironment<Info extends BaseInfo, Options>(
  make: () => Environment<Info, Options>,
  { steps = 200, options }: { readonly steps?: number; readonly options?: Options } = {},
): readonly string[] {
  const problems: string[] = [];
  const say = (problem: string) => {
    if (!problems.includes(problem)) problems.push(problem);
  };
  const environment = make();
  if (!/^[^/]+\/.+-v\d+$/.test(environment.id)) say(`the id '${environment.id}' must be like space/Name-v0`);
  environment.observationSpace.low.forEach((low, i) => {
    if (!(low <= environment.observationSpace.high[i]!))
      say(`observation ${i}: the lower bound must not exceed the upper`);
  });
  if (!throwsMisuse(() => environment.step(0))) say("a step before the first reset must be refused");

  const play = (one: Environment<Info, Options>) => {
    const random = seededRandom("check");
    const seen: (ResetResult<Info> | StepResult<Info>)[] = [one.reset({ seed: 11, options })];
    let mask = seen[0]!.info.actionMask;
    for (let i = 0; i < steps; i++) {
      const action = sampleDiscrete(one.actionSpace, random, mask);
      const result = one.step(action);
      seen.push(result);
      mask = result.info.actionMask;
      if (!(result.terminated || result.truncated)) continue;
      if (!throwsMisuse(() => one.step(action))) say("a step after an episode's end must be refused");
      const fresh = one.reset({ options });
      seen.push(fresh);
      mask = fresh.info.actionMask;
    }
    return seen;
  };
  const seen = play(environment);
  const keys = Object.keys(seen[0]!.info).join();
  for (const result of seen) {
    if (!boxContains(environment.observationSpace, result.observation)) {
      say(`an observation must lie in its space, was: [${[...result.observation].join(", ")}]`);
    }
    if (Object.keys(result.info).join() !== keys) say("info must have the same keys at every step");
    if (result.info.actionMask.length !== environment.actionSpace.n)
      say("the mask must have one entry for each action");
    if (!result.info.actionMask.includes(1)) say("the mask must allow something");
    if ("reward" in result && !Number.isFinite(result.reward)) say(`a reward must be finite, was: ${result.reward}`);
  }
  for (const action of [-1, environment.actionSpace.n, 0.5, NaN]) {
    if (!throwsMisuse(() => environment.step(action))) say(`the action ${action} must be refused`);
  }
  const again = play(make());
  const isSame = seen.every((result, i) => {
    const other = again[i];
    const [a, b] = [result, other] as [Partial<StepResult<Info>>, Partial<StepResult<Info>>];
    return (
      other !== undefined && result.observation.every((v, j) => v === other.observation[j]) && a.reward === b.reward
    );
  });
  if (!isSame) say("the same seed and actions must give the same trajectory");
  return problems;
}

function throwsMisuse(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch (thrown) {
    return thrown instanceof EnvironmentMisuseError;
  }
}
