/** The observation layouts there are, each by the name that checkpoints give it. A new one is its file and its line here. */
export { agarwal6 as "agarwal-6", plus7 as "plus-7", plus8 as "plus-8" } from "./published.ts";
export { replicant24 as "replicant-24" } from "./replicant.ts";
