/** The kernel as TypeScript calls it. Addresses and sizes are bytes in its memory. */

/** The functions that the WebAssembly kernel exports. Addresses are bytes into its memory. */
export interface Kernel {
  /** The first byte that the kernel does not use itself. */
  heapBase(): number;
  /** Packs the weights for products with W, or (backward) with Wᵀ. */
  pack(network: number, matrices: number, backward: number): void;
  /** Bytes a thread needs to work on the job; `header` is a place for 128 bytes. */
  scratchBytes(network: number, job: number, header: number): number;
  /** Does the job, woken helpers with it; 0 when one of them never came back. */
  run(network: number, job: number, control: number, helpers: number): number;
  stop(control: number): void;
  gatherShards(shards: number, count: number, bytes: number, add: number, gradient: number): void;
  sumOfSquares(vector: number, bytes: number): number;
  adam(
    weights: number,
    gradient: number,
    firstMoments: number,
    secondMoments: number,
    bytes: number,
    scale: number,
    stepSize: number,
    rootCorrection: number,
    epsilon: number,
    beta1: number,
    beta2: number,
    oneMinusBeta1: number,
    oneMinusBeta2: number,
  ): void;
}

/** What a helper thread does: `serve` sleeps inside the kernel until a job comes, and returns when it is stopped. */
export const HELPER_SOURCE = `
const instance = new WebAssembly.Instance(data.module, { env: { memory: data.memory } });
instance.exports.serve(data.network, data.job, data.control, data.thread);
`;

/** Instantiates the kernel on the given memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernel;
}
