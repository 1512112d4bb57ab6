/** Where a training is kept: what it goes on from, and what it saves. */
import { createHash } from "node:crypto";

import { writeFiles } from "../adapters/model-store.ts";
import { BadInputError } from "../core/errors.ts";
import type { ModelStore } from "../ports/model-store.ts";
import { decodeCheckpoint } from "../rl/checkpoint/decode.ts";
import { encodeCheckpoint } from "../rl/checkpoint/encode.ts";
import type { Checkpoint, TrainingRecord } from "../rl/checkpoint/types.ts";
import type { Engine } from "../rl/engine/types.ts";
import type { TrainOptions } from "./options.ts";
import type { TrainingPlan, TrainingStart } from "./plan.ts";

/** The checkpoint to go on from; null for a new training. Throws `BadInputError` where a folder or a flag belongs to another one. */
export async function resumedFrom(
  store: ModelStore,
  options: TrainOptions,
  traces: TrainingRecord["traces"],
): Promise<Checkpoint | null> {
  if (!options.resume) {
    const [there] = await store.steps();
    if (there === undefined) return null;
    throw new BadInputError(
      `${options.out}: holds the checkpoints of a training; go on with --resume, or choose another folder`,
    );
  }
  const checkpoint = decodeCheckpoint(await store.read(options.step));
  const { record, continuation } = checkpoint;
  mustMatch("agent", options.agent, record.settings.agent);
  mustMatch("form", options.form, record.settings.form);
  mustMatch("seed", options.seed, record.seed);
  // A live platform is one environment; a simulation has several side by side.
  mustMatch("environment", options.env, record.settings.hyperparameters.environments === 1 ? "live" : "sim");
  if (continuation === null) throw new BadInputError(`${options.out}: the checkpoint serves only; it cannot go on`);
  mustMatch("traces", JSON.stringify(traces), JSON.stringify(record.traces));
  return checkpoint;
}

/** Going on is going on with the same training. */
function mustMatch(what: string, asked: string, recorded: string): void {
  if (asked !== recorded) {
    throw new BadInputError(`--resume: the checkpoint's ${what} is '${recorded}', asked for was '${asked}'`);
  }
}

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
