/** What a comparison of agents runs: how long each learns, how often, against which rules. */
import { join } from "node:path";

import { readFlags } from "#shared/config/flags.ts";

export interface CompareAgentsFlags {
  readonly work?: string;
  readonly steps?: string;
  readonly seeds?: string;
  readonly budget?: string;
  readonly workers?: string;
  readonly small?: boolean;
  readonly readme?: string | boolean;
  readonly json?: boolean;
}

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
  /** Whose table is brought up to date; null: none. */
  readonly readme: string | null;
  readonly json: boolean;
}

const FULL = { steps: 100_000, seeds: 5, budget: 32 } as const;
const SMALL = { steps: 2_048, seeds: 1, budget: 2 } as const;

/** Throws one `ConfigError` with every problem. */
export function readCompareAgentsFlags(
  flags: CompareAgentsFlags,
  { home, cores }: { readonly home: string; readonly cores: number },
): CompareAgentsOptions {
  const read = readFlags();
  const small = flags.small ?? false;
  const otherwise = small ? SMALL : FULL;
  const count = { least: 1, most: 1_000_000_000, whole: true };
  const seeds = read.number("seeds", flags.seeds, otherwise.seeds, { ...count, most: 100 });
  const options = {
    work: flags.work ?? join(home, small ? "agents-small" : "agents"),
    steps: read.number("steps", flags.steps, otherwise.steps, count),
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
    budget: read.number("budget", flags.budget, otherwise.budget, { ...count, most: 10_000 }),
    workers: read.number("workers", flags.workers, Math.min(4, cores), { ...count, most: 64 }),
    small,
    readme: flags.readme === true ? "README.md" : flags.readme || null,
    json: flags.json ?? false,
  };
  read.done();
  return options;
}
