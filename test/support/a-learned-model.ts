/** Small untrained networks as models that serve. */
import { seededRandom } from "#shared/core/random.ts";
import type { LearnedModel } from "#shared/policies/learned.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { taskNamed, type TaskNames } from "#shared/task/task.ts";
import { kernelBytes } from "./kernel.ts";

/** A network that likes action `favourite` whatever it sees; without one, as its first weights have it. */
export async function aLearnedModel(
  changes: Partial<Omit<LearnedModel, "task"> & TaskNames> & { lstm?: number | null; favourite?: number } = {},
) {
  const { lstm = 16, favourite, layout = "plus-8", actions = "change", objective = "corrected", ...rest } = changes;
  const task = taskNamed({ layout, actions, objective });
  const spec = { observationSize: task.layout.features.length, hidden: [16], lstm, actions: task.actions.count };
  const weights = initialWeights(spec, seededRandom("learned"));
  if (favourite === undefined) {
    // The first policy is nearly even: made more decided, so that what it sees shows in what it does.
    weights.at(-4)!.forEach((value, i, kernel) => (kernel[i] = value * 200));
  } else weights.at(-3)![favourite] = 50;
  const model: LearnedModel = {
    identity: { name: "lstm-ppo-plus", version: "test" },
    engine: createWasmEngine(await kernelBytes, spec, weights),
    task,
    statistics: null,
    maskActions: true,
    ...rest,
  };
  return model;
}
