/** A checkpoint as files. */
import { floatsToBytes } from "./floats.ts";
import { modelJsonOf } from "./model-json.ts";
import { CHECKPOINT_FORMAT, type Checkpoint, type CheckpointFiles, type Continuation } from "./types.ts";

/**
 * `model.json` and `weights.bin` are TensorFlow.js's; `optimizer.bin`, where the training may go on, holds Adam's first and
 * second moments in the order of the weights, then h and c of each shard; `training.json` holds the rest.
 */
export function encodeCheckpoint({ record, weights, continuation }: Checkpoint): CheckpointFiles {
  const { settings, statistics, network, ...rest } = record;
  const { agent, form, objective, layout, actions, hyperparameters } = settings;
  const training = {
    format: CHECKPOINT_FORMAT,
    agent,
    form,
    objective,
    layout,
    actions,
    network,
    ...rest,
    hyperparameters,
    normalisation: statistics,
    continuation: continuation && placesOf(continuation),
  };
  return {
    "model.json": textBytes(modelJsonOf(network)),
    "weights.bin": floatsToBytes(weights),
    "training.json": textBytes(training),
    ...(continuation && { "optimizer.bin": floatsToBytes(numbersOf(continuation)) }),
  };
}

function placesOf({ optimiser, state }: Continuation): object {
  return {
    optimiserSteps: optimiser.step,
    shards: (state.places ?? []).map(({ environments, lstmState }) => ({
      hasMemory: lstmState !== null,
      environments,
    })),
  };
}

function numbersOf({ optimiser, state }: Continuation): Float32Array[] {
  const places = state.places ?? [];
  const memory = places.flatMap(({ lstmState }) => (lstmState === null ? [] : [lstmState.h, lstmState.c]));
  return [...optimiser.firstMoments, ...optimiser.secondMoments, ...memory];
}

/** Indented, but for lists of numbers and texts, which take a line each. */
function textBytes(value: object): Uint8Array {
  const text = JSON.stringify(value, null, 2).replace(/\[\n([^[\]{}]*)\]/g, (_list, inside: string) => {
    return `[${inside.trim().replace(/\n +/g, " ")}]`;
  });
  return new TextEncoder().encode(`${text}\n`);
}
