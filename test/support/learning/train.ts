/** Trains an agent in a small world. */
import type { Environment } from "#shared/task/environment/contract.ts";
import { seededRandom } from "#shared/core/random.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import type { Engine } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { trainPpo } from "#shared/rl/ppo.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import type { Hyperparameters } from "#shared/rl/hyperparameters.ts";
import { type AgentName, settingsOf } from "#shared/rl/agents.ts";
import { freshState, type Round } from "#shared/rl/training.ts";
import { kernelBytes } from "#test/support/kernel.ts";

/** Small nets, quick steps: these worlds need no more. */
export const SMALL: Partial<Hyperparameters> = {
  hidden: [16],
  learningRate: 5e-3,
  environments: 4,
  rolloutSteps: 128,
  minibatchSteps: 64,
  epochs: 4,
  targetKl: null,
  episodeWindows: 10,
  entropyCoefficient: 0.01,
  normaliseObservations: false,
  maskActions: false,
};
export const SMALL_MEMORY: Partial<Hyperparameters> = { ...SMALL, lstm: 16, sequenceSteps: 8 };

export interface Trained {
  readonly engine: Engine;
  readonly rounds: readonly Round[];
}

export async function smallEngine(
  hyperparameters: Hyperparameters,
  environment: Environment,
  seed: number,
): Promise<Engine> {
  const { observationSpace, actionSpace } = environment;
  const { hidden, lstm } = hyperparameters;
  const spec = { observationSize: observationSpace.low.length, hidden, lstm, actions: actionSpace.n };
  return createWasmEngine(await kernelBytes, spec, initialWeights(spec, seededRandom(`${seed}/weights`)));
}

export async function trained(
  agent: AgentName,
  makeEnvironment: () => Environment,
  options: { readonly totalSteps: number; readonly seed: number; readonly change?: Partial<Hyperparameters> },
): Promise<Trained> {
  const hyperparameters = { ...settingsOf(agent, "corrected").hyperparameters, ...options.change };
  const { seed, totalSteps } = options;
  const engine = await smallEngine(hyperparameters, makeEnvironment(), seed);
  const collector = localCollector({ engine, environments: hyperparameters.environments, seed, makeEnvironment });
  const from = freshState(hyperparameters, engine.spec.observationSize);
  const rounds: Round[] = [];
  for await (const round of trainPpo({ engine, collector, hyperparameters, seed, totalSteps, from })) {
    rounds.push(round);
  }
  return { engine, rounds };
}
