/** The wasm engine outside a bundle: its kernel compiled on demand, once for all tests. */
import { compileKernel } from "#shared/build/kernel.mjs";

export const kernelBytes: Promise<Uint8Array> = compileKernel();
