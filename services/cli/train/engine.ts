/** An engine by name, as a bundle has it. */
import type { NetworkSpec, Weights } from "#shared/rl/engine/network.ts";
import type { Engine } from "#shared/rl/engine/types.ts";
import { createWasmEngine, type Helpers } from "#shared/rl/engine/wasm/engine.ts";
import { embeddedKernel } from "#shared/rl/kernel/embedded.ts";
import type { EngineName } from "./collect.ts";

export async function makeEngine(
  name: EngineName,
  spec: NetworkSpec,
  weights: Weights,
  helpers?: Helpers,
): Promise<Engine> {
  if (name === "wasm") return createWasmEngine(embeddedKernel(), spec, weights, helpers);
  // Megabytes of program, in each thread: only where somebody wants it.
  const { createTfjsEngine } = await import("#shared/rl/engine/tfjs/engine.ts");
  return createTfjsEngine(spec, weights);
}
