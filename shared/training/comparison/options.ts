/** What a comparison of agents runs: how long each learns, how often, against which rules. */

/** What is compared, and for how long each contender learns. */
export interface CompareAgentsOptions {
  /** Checkpoints, tuned rules and results; what is there and was made alike is not made again. */
  readonly work: string;
  readonly steps: number;
  /** Seed s: an agent that learned with seed s, on loads of seed s. */
  readonly seeds: readonly number[];
  /** Candidates for each rule. */
  readonly budget: number;
  readonly workers: number;
  /** One short trace of each split: to see that it works, and nothing else. */
  readonly small: boolean;
}
