/** An engine by name, as a bundle has it. */
import type { NetworkSpec, Weights } from "#shared/rl/engine/network.ts";
import type { Engine } from "#shared/rl/engine/types.ts";
import { createTfjsEngine } from "#shared/rl/engine/tfjs/engine.ts";
import { createWasmEngine, type Helpers } from "#shared/rl/engine/wasm/engine.ts";
import { embeddedKernel } from "#shared/rl/kernel/embedded.ts";
import type { EngineName } from "./collect.ts";

export async function makeEngine(
  name: EngineName,
  spec: NetworkSpec,
  weights: Weights,
  helpers?: Helpers,
): Promise<Engine> {
  return name === "wasm" ? createWasmEngine(embeddedKernel(), spec, weights, helpers) : createTfjsEngine(spec, weights);
}
