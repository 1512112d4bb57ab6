/** An engine by name, as a bundle has it. */
import type { NetworkSpec, Weights } from "../rl/engine/network.ts";
import type { Engine } from "../rl/engine/types.ts";
import { createWasmEngine, type Helpers } from "../rl/engine/wasm/engine.ts";
import { embeddedKernel } from "../rl/kernel/embedded.ts";
import type { EngineName } from "./collect.ts";

/** Makes an engine with these weights. Rejects where the engine cannot be loaded. */
export async function makeEngine(
  name: EngineName,
  spec: NetworkSpec,
  weights: Weights,
  helpers?: Helpers,
): Promise<Engine> {
  if (name === "wasm") return createWasmEngine(embeddedKernel(), spec, weights, helpers);
  // Megabytes of program, in each thread: only where it is asked for.
  const { createTfjsEngine } = await import("../rl/engine/tfjs/engine.ts");
  return createTfjsEngine(spec, weights);
}
