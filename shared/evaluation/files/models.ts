/** Learned policies by name: a folder with a checkpoint, or a model that travels with the bundles. */
import { stat } from "node:fs/promises";

import { digestOf, versionOf } from "../../adapters/model-registry/archive.ts";
import { shippedModels } from "../../adapters/model-registry/shipped.ts";
import { fileModelStore } from "../../adapters/model-store.ts";
import { BadInputError, messageOf } from "../../core/errors.ts";
import { FOLLOWS } from "../../core/model.ts";
import { seededRandom } from "../../core/random.ts";
import type { FoundPolicy } from "../policies.ts";
import { CheckpointedMemoryPolicy } from "../../policies/checkpointed-memory.ts";
import { heldModel, heldName } from "../../policies/held-model.ts";
import { LearnedPolicy } from "../../policies/learned.ts";
import { servedModel, type ServedModel } from "../../policies/served-model.ts";
import type { ModelFiles } from "../../ports/model-store.ts";
import { createWasmEngine } from "../../rl/engine/wasm/engine.ts";
import { embeddedKernel } from "../../rl/kernel/embedded.ts";
import { dataSelection, type TraceIdentity } from "./traces.ts";

/** A model as a policy, and the traces that it was trained on. */
export interface ModelPolicy {
  /** Made plainly it remembers as the policy in service does. */
  readonly policy: FoundPolicy;
  readonly trainedOn: readonly TraceIdentity[];
}

/** Null when there is neither such a folder nor such a model. Throws `BadInputError` for one that cannot be used. */
export async function modelPolicy(text: string, modelsFolder: string): Promise<ModelPolicy | null> {
  // Where nothing is published a model that is followed is the one it begins with.
  const { model: name, isHeld } = heldName(text.startsWith(FOLLOWS) ? text.slice(FOLLOWS.length) : text);
  const files = await filesOf(name, modelsFolder);
  if (files === null) return null;
  const { model: asTrained, record } = served(name, files);
  const model = isHeld ? heldModel(asTrained) : asTrained;
  const trainedOn = record.traces.map(({ selection, ...trace }) => ({ ...trace, selection: dataSelection(selection) }));
  const policy = {
    make: () => new CheckpointedMemoryPolicy(model),
    // Whoever draws as in training decides as in training.
    sampled: isHeld
      ? null
      : (seed: number | string) => new LearnedPolicy(model, { random: seededRandom(`${seed}/actions`) }),
  };
  return { policy, trainedOn };
}

async function filesOf(name: string, modelsFolder: string): Promise<ModelFiles | null> {
  const isFolder = await stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return fileModelStore(name).read(null);
  const shipped = shippedModels(modelsFolder);
  // `lstm-ppo-plus@corrected` and the folder `lstm-ppo-plus-corrected` are one, and a bare name may mean a form.
  const known = (await shipped.names()).some((one) => one.startsWith(name.replace("@", "-")));
  return known && name !== "" ? shipped.read(name) : null;
}

function served(name: string, files: ModelFiles): ServedModel {
  try {
    return servedModel(files, versionOf(digestOf(files)), (spec, weights) =>
      createWasmEngine(embeddedKernel(), spec, weights),
    );
  } catch (thrown) {
    if (!(thrown instanceof BadInputError)) throw thrown;
    throw new BadInputError(`policy '${name}' is refused: ${messageOf(thrown)}`);
  }
}
