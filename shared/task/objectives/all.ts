/** The objectives there are, each by the name that settings and checkpoints give it. A new one is its file and its line here. */
export { agarwal } from "./agarwal.ts";
export { corrected } from "./corrected.ts";
export { paper } from "./paper.ts";
export { product } from "./product.ts";
