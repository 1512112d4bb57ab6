/** `replicant compare-agents`: the table of the agents as published and corrected, beside rules tuned on the same traces. */
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { readFlags } from "#shared/config/flags.ts";
import { InterruptedError } from "#shared/core/errors.ts";
import { markdownOf, readmeWith, updateReadme } from "#shared/evaluation/agents/markdown.ts";
import { compareAgents } from "#shared/training/comparison/compare-agents.ts";
import type { CompareAgentsOptions } from "#shared/training/comparison/options.ts";
import { TRAIN_DEFAULTS } from "#shared/training/options.ts";
import { command, type FlagsOf } from "./command.ts";

const OPTIONS = {
  "--steps <n>": "steps that each agent learns (default 100000)",
  "--seeds <n>": "seeds 1…n, of trainings and loads (default 5)",
  "--budget <n>": "candidates tried for each rule (default 32)",
  "--work <folder>": "checkpoints, tuned rules, results.json and table.md (default .replicant/agents)",
  "--readme [file]": "put the table between the markers of shared/evaluation/README.md, or of this file",
  "--small": "one short trace of each split, 2048 steps, one seed: to see that it works, within a minute",
  "--workers <n>": "threads; the result does not depend on them (default: the cores, at most 4)",
  "--json": "print results.json, and nothing else, on stdout",
} as const;

const FULL = { steps: 100_000, seeds: 5, budget: 32 } as const;
const SMALL = { steps: 2_048, seeds: 1, budget: 2 } as const;

export default command({
  name: "compare-agents",
  description: "train every agent, tune every rule, and print their table; goes on where it was interrupted",
  options: OPTIONS,
  async run(flags, world) {
    const options = readCompareAgentsFlags(flags, world.home);
    const readme = flags.readme === true ? "shared/evaluation/README.md" : flags.readme || null;
    if (readme !== null) await readmeWith(readme, "");
    const comparison = await compareAgents(options, world).catch((thrown: unknown) => {
      if (thrown instanceof InterruptedError)
        world.say(`what is whole is kept in ${options.work}: the same command goes on`);
      throw thrown;
    });
    const markdown = markdownOf(comparison);
    if (readme !== null) await updateReadme(readme, markdown);
    if (flags.json) return world.answer(JSON.stringify(comparison));
    for (const line of markdown.split("\n")) world.say(line);
    world.say(`${options.work}: results.json, table.md${readme === null ? "" : `; ${readme} is up to date`}`);
  },
});

/** Throws one `ConfigError` with every problem. */
function readCompareAgentsFlags(flags: FlagsOf<typeof OPTIONS>, home: string): CompareAgentsOptions {
  const read = readFlags();
  const small = flags.small ?? false;
  const otherwise = small ? SMALL : FULL;
  const count = { least: 1, most: 1_000_000_000, whole: true };
  const threads = Math.min(TRAIN_DEFAULTS.workers, availableParallelism());
  const seeds = read.number("seeds", flags.seeds, otherwise.seeds, { ...count, most: 100 });
  const options = {
    work: flags.work ?? join(home, small ? "agents-small" : "agents"),
    steps: read.number("steps", flags.steps, otherwise.steps, count),
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
    budget: read.number("budget", flags.budget, otherwise.budget, { ...count, most: 10_000 }),
    workers: read.number("workers", flags.workers, threads, { ...count, most: 64 }),
    small,
  };
  read.done();
  return options;
}
