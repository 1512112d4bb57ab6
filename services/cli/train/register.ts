/** The command `train`, as it is typed. */
import type { Command } from "commander";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

import { train } from "../train.ts";
import type { TrainFlags } from "./options.ts";

export interface TrainCommandWorld {
  /** The folder of the bundles. */
  readonly dist: () => string;
  readonly home: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export function registerTraining(program: Command, world: TrainCommandWorld): void {
  program
    .command("train")
    .description("an agent learns, in the simulator or live; Ctrl-C saves a checkpoint that goes on with --resume")
    .option("--agent <name>", "ppo, lstm-ppo or lstm-ppo-plus")
    .option("--objective <form>", "paper (as published), corrected (defects mended) or product (ours; default)")
    .option("--traces <files>", "traces to learn on, separated by commas (default: the manifest's training split)")
    .option("--manifest <file>", "names the splits (default traces/manifest.json)")
    .option("--rate-scale <x>", "multiply the traces' rates (default: the manifest's; product: anew each episode)")
    .option("--profiles <names>", "functions to simulate: stress, api, io, heavy")
    .option("--steps <n>", "steps of the environment, all together (live: default 480)")
    .option("--seed <text>", "seed of everything (default 1)")
    .option("--engine <name>", "wasm (default) or tfjs")
    .option("--env <sim|live>", "live: on the platform that 'up' runs from this home, a window a step")
    .option("--function <name>", "live: the function (default: the first that is managed)")
    .option("--rollout-steps <n>", "live: windows between two updates (default 60)")
    .option("--workers <n>", "threads; the result does not depend on them (default: the cores, at most 4)")
    .option("--checkpoint-every <n>", "steps between two checkpoints (default 20000; live: each update)")
    .option("--out <folder>", "checkpoints in step-N, log.csv, and event files for TensorBoard")
    .option("--resume", "go on from the latest checkpoint in the folder, or from --step")
    .option("--step <n>", "the checkpoint to go on from")
    .option("--serving-only", "write the last checkpoint alone, without what going on takes, and no logs")
    .action(async (flags: TrainFlags) => {
      // Episodes leave garbage that V8 would let double the heap before it looks; so it stays within a fifth, at no speed.
      setFlagsFromString("--heap-growing-percent=20");
      process.exitCode = await train(flags, {
        home: world.home,
        cores: availableParallelism(),
        threadScript: join(world.dist(), "services", "cli", "rollout-thread.cjs"),
        command: ["replicant", ...process.argv.slice(2)].join(" "),
        say: world.say,
        progress: {
          isTty: process.stderr.isTTY ?? false,
          columns: process.stderr.columns ?? 100,
          write: (text) => void process.stderr.write(text),
        },
        signal: world.signal,
      });
    });
}
