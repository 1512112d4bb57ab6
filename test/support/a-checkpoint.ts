/** Small untrained checkpoints: a network of sixteen units that knows nothing, but the same nothing each time. */
import { seededRandom } from "#shared/core/random.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import type { Checkpoint, CheckpointFiles } from "#shared/rl/checkpoint/types.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import { networkOf, settingsOf } from "#shared/rl/agents.ts";

export interface CheckpointChanges {
  readonly seed?: number;
  readonly record?: Partial<Checkpoint["record"]>;
  /** Added to the actor's bias: a policy that always does the same. */
  readonly bias?: readonly number[];
}

export function aCheckpoint({ seed = 1, record = {}, bias }: CheckpointChanges = {}): Checkpoint {
  const settings = settingsOf("lstm-ppo-plus", "corrected");
  const network = { ...networkOf(settings), hidden: [16], lstm: 16 };
  const size = network.observationSize;
  const weights = initialWeights(network, seededRandom(seed));
  // The first weights of an actor are nearly 0: louder ones make decisions that memory can change.
  weights[5]!.forEach((value, i, actor) => (actor[i] = value * 300));
  if (bias) weights[6]!.set(bias);
  return {
    record: {
      settings,
      network,
      statistics: {
        count: 1_000,
        mean: [0.3, 3, 100, 4, 0.5, 0.3, 1, 0.1].slice(0, size),
        variance: [0.04, 4, 4_000, 9, 0.1, 0.02, 1, 0.1].slice(0, size),
      },
      seed: String(seed),
      steps: 1_000,
      rounds: 1,
      totalSteps: 1_000,
      engine: "wasm",
      command: "replicant train",
      traces: [],
      evaluation: null,
      early: null,
      ...record,
    },
    weights,
    continuation: null,
  };
}

/** The same network with its preferences turned round: what it likes best it likes least. */
export function negated(files: CheckpointFiles): CheckpointFiles {
  const checkpoint = decodeCheckpoint(files);
  const weights = checkpoint.weights.map((tensor, i, all) =>
    i === all.length - 4 || i === all.length - 3 ? tensor.map((weight) => -weight) : tensor,
  );
  return encodeCheckpoint({ ...checkpoint, weights, continuation: null });
}

export function checkpointFiles(changes: CheckpointChanges = {}): CheckpointFiles {
  return encodeCheckpoint(aCheckpoint(changes));
}
