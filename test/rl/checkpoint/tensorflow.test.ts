/** A checkpoint in TensorFlow.js: `tf.loadLayersModel` reads it, and computes what the engine computes. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import type * as Core from "@tensorflow/tfjs-core";
import { seededRandom } from "#shared/core/random.ts";
import { networkOf, settingsOf } from "#shared/rl/agents.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { kernelBytes } from "#test/support/kernel.ts";

interface Layers {
  loadLayersModel(handler: { load(): Promise<object> }): Promise<{ predict(input: Core.Tensor): Core.Tensor[] }>;
}

const layers = findLayers();

/** tfjs-layers with the core that it uses itself; null where it is not installed. */
function findLayers(): { readonly tf: typeof Core; readonly layers: Layers } | null {
  const require = createRequire(import.meta.url);
  try {
    const place = require.resolve("@tensorflow/tfjs-layers");
    const beside = createRequire(place);
    beside("@tensorflow/tfjs-backend-cpu");
    return { tf: beside("@tensorflow/tfjs-core") as typeof Core, layers: require(place) as Layers };
  } catch {
    return null;
  }
}

for (const agent of ["ppo", "lstm-ppo-plus"] as const) {
  test(
    `checkpoint: ${agent} loads with tf.loadLayersModel and says the same`,
    { skip: layers === null && "@tensorflow/tfjs-layers is not installed" },
    async () => {
      const { tf, layers: api } = layers!;
      await tf.setBackend("cpu");
      const settings = settingsOf(agent, "paper");
      const network = networkOf(settings);
      const random = seededRandom(agent);
      const weights = initialWeights(network, random);
      const record = {
        ...{ settings, network, statistics: null, seed: "1", steps: 1, rounds: 1, totalSteps: 1, engine: "wasm" },
        ...{ command: "replicant train", traces: [], early: null, evaluation: null },
      };
      const files = encodeCheckpoint({ record, weights, continuation: null });
      const json = JSON.parse(new TextDecoder().decode(files["model.json"])) as {
        modelTopology: object;
        weightsManifest: { weights: object[] }[];
      };
      const model = await api.loadLayersModel({
        load: async () => ({
          modelTopology: json.modelTopology,
          weightSpecs: json.weightsManifest[0]!.weights,
          weightData: files["weights.bin"]!.slice().buffer,
        }),
      });
      const steps = 6;
      const observations = Float32Array.from({ length: steps * 7 }, () => random.normal());
      const [logits, values] = model.predict(tf.tensor(observations, [1, steps, 7]));
      const engine = createWasmEngine(await kernelBytes, network, weights);
      const episodeStarts = new Uint8Array(steps);
      const ours = engine.forwardSequence({ steps, sequences: 1, observations, episodeStarts, initialState: null });
      logits!.dataSync().forEach((value, i) => assert.ok(Math.abs(value - ours.logits[i]!) < 1e-5));
      values!.dataSync().forEach((value, i) => assert.ok(Math.abs(value - ours.values[i]!) < 1e-5));
    },
  );
}
