/** The network as TensorFlow.js's layers format writes it: `tf.loadLayersModel` reads it. */
import { weightShapes, type NetworkSpec } from "../engine/network.ts";

/** Input [batch, time, observation]; outputs logits and values of every step. Without an LSTM time is just another batch. */
export function modelJsonOf(spec: NetworkSpec): object {
  const layers: object[] = [
    {
      class_name: "InputLayer",
      name: "observations",
      config: {
        batch_input_shape: [null, null, spec.observationSize],
        dtype: "float32",
        sparse: false,
        name: "observations",
      },
      inbound_nodes: [],
    },
  ];
  let before = "observations";
  const layer = (class_name: string, name: string, config: object) => {
    layers.push({
      class_name,
      name,
      config: { ...config, name, trainable: true },
      inbound_nodes: [[[before, 0, 0, {}]]],
    });
    return name;
  };
  spec.hidden.forEach((units, i) => {
    before = layer("Dense", `enc${i + 1}`, { units, activation: "relu", use_bias: true });
  });
  if (spec.lstm !== null) {
    before = layer("LSTM", "lstm", {
      units: spec.lstm,
      activation: "tanh",
      // TensorFlow.js would take a straight line in place of the sigmoid.
      recurrent_activation: "sigmoid",
      use_bias: true,
      unit_forget_bias: true,
      return_sequences: true,
      return_state: false,
      go_backwards: false,
      stateful: false,
      unroll: false,
    });
  }
  layer("Dense", "actor", { units: spec.actions, activation: "linear", use_bias: true });
  layer("Dense", "critic", { units: 1, activation: "linear", use_bias: true });
  return {
    format: "layers-model",
    generatedBy: "replicant",
    convertedBy: null,
    modelTopology: {
      keras_version: "2.0.0",
      backend: "tensor_flow.js",
      model_config: {
        class_name: "Model",
        config: {
          name: "replicant",
          layers,
          input_layers: [["observations", 0, 0]],
          output_layers: [
            ["actor", 0, 0],
            ["critic", 0, 0],
          ],
        },
      },
    },
    weightsManifest: [
      {
        paths: ["weights.bin"],
        weights: weightShapes(spec).map(({ name, shape }) => ({ name, shape, dtype: "float32" })),
      },
    ],
  };
}
