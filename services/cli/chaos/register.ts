/** The command `chaos`, as it is typed. */
import type { Command } from "commander";

import type { ChaosFlags } from "./chaos.ts";

export interface ChaosRegistration {
  readonly home: string;
  readonly sayUnless: (json: boolean | undefined) => (line: string) => void;
  readonly answer: (json: string) => void;
  readonly signal: AbortSignal;
}

export function registerChaos(program: Command, { home, sayUnless, answer, signal }: ChaosRegistration): void {
  program
    .command("chaos")
    .description("break the platform that 'up' runs from this home, fault by fault, and tell whether everything held")
    .option("--function <name>", "the function that is watched (default: the first that is managed)")
    .option("--faults <n>", "so many faults (default 10, at most 100)")
    .option("--only <words>", "faults that begin with one of these: kill, pause, redeploy, metrics, 'kill bus', second")
    .option("--minutes <m>", "end after so many minutes (default 30)")
    .option("--seed <text>", "seed of the order (default 1)")
    .option("--yes", "do not ask")
    .option("--json", "print one JSON document at the end, and nothing else, on stdout")
    .action(async (flags: ChaosFlags) => {
      const { chaos, terminal } = await import("./chaos.ts");
      process.exitCode = await chaos(flags, { home, say: sayUnless(flags.json), answer, signal, ask: terminal() });
    });
}
