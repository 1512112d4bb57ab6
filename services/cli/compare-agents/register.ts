/** The command `compare-agents`, as it is typed. */
import type { Command } from "commander";

import { compareAgents, type CompareAgentsWorld } from "./compare-agents.ts";
import type { CompareAgentsFlags } from "./options.ts";

export function registerCompareAgents(
  program: Command,
  worldFor: (flags: CompareAgentsFlags) => CompareAgentsWorld,
): void {
  program
    .command("compare-agents")
    .description("train every agent, tune every rule, and print their table; goes on where it was interrupted")
    .option("--steps <n>", "steps that each agent learns (default 100000)")
    .option("--seeds <n>", "seeds 1…n, of trainings and loads (default 5)")
    .option("--budget <n>", "candidates tried for each rule (default 32)")
    .option("--work <folder>", "checkpoints, tuned rules, results.json and table.md (default .replicant/agents)")
    .option("--readme [file]", "put the table between the markers of README.md, or of this file")
    .option("--small", "one short trace of each split, 2048 steps, one seed: to see that it works, within a minute")
    .option("--workers <n>", "threads; the result does not depend on them (default: the cores, at most 4)")
    .option("--json", "print results.json, and nothing else, on stdout")
    .action((flags: CompareAgentsFlags) => compareAgents(flags, worldFor(flags)));
}
