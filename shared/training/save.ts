/** What a training saves. */
import { createHash } from "node:crypto";

import { writeFiles } from "../adapters/model-store.ts";
import { encodeCheckpoint } from "../rl/checkpoint/encode.ts";
import type { Engine } from "../rl/engine/types.ts";
import type { TrainingPlan, TrainingStart } from "./plan.ts";

/** For serving alone in the folder itself, else in `step-N` with all that going on takes. */
export async function saveCheckpoint(
  { options, store, record: known }: TrainingPlan,
  engine: Engine,
  { state, early }: Pick<TrainingStart, "state" | "early">,
): Promise<void> {
  const { statistics, steps, round: rounds } = state;
  const record = { ...known, statistics, steps, rounds, engine: engine.name, early, evaluation: null };
  const weights = engine.getWeights();
  if (options.servingOnly) return writeFiles(options.out, encodeCheckpoint({ record, weights, continuation: null }));
  const continuation = { optimiser: engine.getOptimiser(), state };
  await store.write(steps, encodeCheckpoint({ record, weights, continuation }));
}

/** SHA-256 of the weights, hexadecimal. */
export function digestOf(engine: Engine): string {
  const hash = createHash("sha256");
  for (const tensor of engine.getWeights())
    hash.update(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength));
  return hash.digest("hex");
}
