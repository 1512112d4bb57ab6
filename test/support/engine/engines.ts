/** The engines that one suite runs. */
import type { NetworkSpec, Weights } from "#shared/rl/engine/network.ts";
import { createTfjsEngine } from "#shared/rl/engine/tfjs/engine.ts";
import type { Engine } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { kernelBytes } from "#test/support/kernel.ts";

export interface EngineUnderTest {
  readonly name: string;
  readonly create: (spec: NetworkSpec, weights: Weights) => Promise<Engine>;
}

export const TFJS: EngineUnderTest = { name: "tfjs", create: createTfjsEngine };

export const ENGINES: readonly EngineUnderTest[] = [
  { name: "wasm", create: async (spec, weights) => createWasmEngine(await kernelBytes, spec, weights) },
  TFJS,
];
