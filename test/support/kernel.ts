/** The wasm engine outside a bundle: its kernel compiled on demand, once for all tests. */
import { compileKernel } from "../../services/cli/kernel.mjs";

export const kernelBytes: Promise<Uint8Array> = compileKernel();
