/** What the kernel offers to TypeScript. */
import { packPanels, packTransposed } from "./pack";
import { Matrix, Network } from "./structs";

export { adam, gatherShards, sumOfSquares } from "./adam";
export { run, scratchBytes, serve, stop } from "./threads";

/** The first free byte. */
export function heapBase(): usize {
  return __heap_base;
}

/** Brings the packed copies up to date with the weights; `backward`: those of Wᵀ. */
export function pack(network: Network, matrices: i32, backward: bool): void {
  for (let index: usize = 0; index < <usize>matrices; index++) {
    const matrix = changetype<Matrix>(network.matrices + index * offsetof<Matrix>());
    const kernel = network.weights + matrix.kernel;
    if (backward) packTransposed(kernel, matrix.inputs, matrix.outputs, matrix.transposed);
    else packPanels(kernel, matrix.inputs, matrix.outputs, matrix.panels);
  }
}
