/** The command `calibrate`, as it is typed. */
import type { Command } from "commander";

import type { CommandWorld } from "../evaluate/register.ts";
import type { CalibrateFlags } from "./options.ts";

export interface CalibrateCommandWorld extends CommandWorld {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function registerCalibrate(program: Command, world: CalibrateCommandWorld): void {
  program
    .command("calibrate")
    .description("measure a platform, write a simulator profile of it, and tell how far the simulator is from it")
    .option("--gateway <url>", "measure this one, with loads of up to 200 calls a second; else a platform of our own")
    .option("--user <name>", "its user", "admin")
    .option("--password-file <file>", "a file with its password")
    .option(
      "--function <name>",
      "whose limits, bounds and SLO the profile gets; its image is the one that is called",
      "stress",
    )
    .option("--function-metrics <url>", "with --gateway: its metrics, for the observation lag")
    .option("--container-metrics <url>", "with --gateway: CPU metrics, for the observation lag")
    .option("--quick", "within a minute, to see that it works; else within five")
    .option("--time-lapse <k>", "one real second stands for k seconds of the profile (1; with --compare 10)")
    .option("--stack <file>", "another stack file")
    .option("--out <file>", "write the profile here, for 'simulate --profile @FILE'")
    .option("--compare", "replay scripted actions and five policies live and in the simulator, and tell the errors")
    .option("--from <file>", "with --compare: a profile that was measured before, instead of measuring one")
    .option("--resume <file>", "with --compare: remember live runs in this file, and make only those that it lacks")
    .option("--trace <file>", "with --compare: the load")
    .option("--from-window <n>", "with --compare: skip so many windows of 30 s")
    .option("--windows <n>", "with --compare: windows of each replay (20; with --quick 8)")
    .option("--rate-scale <x>", "with --compare: multiply the trace's rates")
    .option("--policies <a,b,…>", "with --compare: the policies that are ranked")
    .option("--seed <text>", "with --compare: seed of schedule and script")
    .option("--json", "print one JSON document, and nothing else, on stdout")
    .option("--verbose", "tell what the platform does")
    .action(async (flags: CalibrateFlags) => {
      const { calibrate } = await import("../calibrate.ts");
      await calibrate(flags, {
        dist: world.dist(),
        home: world.home,
        env: world.env,
        say: world.sayUnless(flags.json),
        answer: world.answer,
        signal: world.signal,
        command: ["replicant", ...process.argv.slice(2)].join(" "),
      });
    });
}
