/** The commands `simulate`, `loads`, `tune`, `evaluate` and `compare-agents`, as they are typed. */
import type { Command } from "commander";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { registerCompareAgents } from "../compare-agents/register.ts";
import { evaluate } from "../evaluate.ts";
import { loadsCommand, type LoadsFlags } from "../loads/loads.ts";
import { simulateCommand, type SimulateFlags } from "../simulate.ts";
import { tune, type TuneFlags } from "../tune.ts";
import type { EvaluateFlags } from "#shared/evaluation/options.ts";
import type { EvaluationWorld } from "#shared/evaluation/pool/run-matrix.ts";

const START_COST = "what a replica's start costs, in replica-seconds (default 15)";
const PERCENTILE = "which share of the requests must keep the SLO: 90, 95, 99 or 99.9 (default: each function's own)";

export interface CommandWorld {
  /** The folder of the bundles. */
  readonly dist: () => string;
  readonly home: string;
  /** Lines go to stderr where stdout is to hold one JSON document. */
  readonly sayUnless: (json: boolean | undefined) => (line: string) => void;
  readonly answer: (json: string) => void;
  readonly signal: AbortSignal;
}

export function registerEvaluation(program: Command, world: CommandWorld): void {
  const worldFor = ({ json }: { readonly json?: boolean }): EvaluationWorld => {
    const dist = world.dist();
    const folder = join(dist, "services", "cli");
    return {
      home: world.home,
      workerScript: join(folder, "evaluation-worker.cjs"),
      reportAssets: join(folder, "report"),
      modelsFolder: join(dist, "functions", "policy-inference", "models"),
      say: world.sayUnless(json),
      answer: world.answer,
      progress: {
        isTty: process.stderr.isTTY ?? false,
        columns: process.stderr.columns ?? 100,
        write: (text) => void process.stderr.write(text),
      },
      signal: world.signal,
      command: ["replicant", ...process.argv.slice(2)].join(" "),
    };
  };

  registerCompareAgents(program, (flags) => ({
    ...worldFor(flags),
    cores: availableParallelism(),
    threadScript: join(world.dist(), "services", "cli", "rollout-thread.cjs"),
  }));

  program
    .command("simulate")
    .description("one policy on one trace in the simulator")
    .option("--trace <file>", "a trace in any known format; '#' selects a part of it")
    .option(
      "--policy <name>",
      "hpa, kpa, kpa@30s, openfaas-pro, fixed:N, oracle, foresight, …, a checkpoint's folder, or @FILE that tune wrote",
    )
    .option("--profile <name>", "the function: stress (default), api, io, heavy, or @FILE that calibrate wrote")
    .option("--format <name>", "the trace's format, where detection is not wanted")
    .option("--rate-scale <x>", "multiply the trace's rates (default 1)")
    .option("--seed <n>", "seed of the calls and of the platform (default 1)")
    .option("--guard <on|off>", "whether the guard stands between policy and platform (default on)")
    .option("--start-cost <seconds>", START_COST)
    .option("--json", "print one JSON document with every window, and nothing else, on stdout")
    .action((flags: SimulateFlags) => simulateCommand(flags, worldFor(flags)));

  program
    .command("loads")
    .description("the loads that policies are trained and judged on: their rates, functions and needs")
    .option("--loads <file>", "another manifest of loads (default traces/loads.json)")
    .option("--split <name>", "only train, validation or test")
    .option("--write <file>", "compose the manifest anew from the traces in this file's folder, and write it there")
    .option("--json", "print the lines as JSON, and nothing else, on stdout")
    .action((flags: LoadsFlags) => loadsCommand(flags, worldFor(flags)));

  matrixFlags(program.command("tune").description("calibrate a rule on training traces by a seeded search"))
    .option(
      "--policy <rule>",
      "fixed, hpa, kpa, kpa@30s, keda, openfaas-ce, openfaas-pro, holt-winters, slo-budget, forecast-mpc; …@bare without guard; …@stabilised: tunes the guard, too",
    )
    .option("--profile <name>", "the function: stress (default), api, io, heavy, or @FILE that calibrate wrote")
    .option("--budget <n>", "how many candidates are tried (default 32)")
    .option(
      "--max-violations <percent>",
      "the cheapest candidate with at most so many late calls (default: the SLO's budget, 5 at the 95th percentile)",
    )
    .option("--search-seed <text>", "seed of the search (default 1)")
    .option("--out <file>", "write the result here, for 'evaluate --policies @FILE'")
    .option("--json", "print the result as JSON, and nothing else, on stdout")
    .action((flags: TuneFlags) => tune(flags, worldFor(flags)));

  matrixFlags(program.command("evaluate").description("policies side by side: table, Pareto plot, report"))
    .option(
      "--policies <a,b,…>",
      "hpa,kpa,kpa@30s,openfaas-pro,oracle,foresight, …, a model or a checkpoint's folder, @FILE that tune wrote; …@bare without guard, …@stabilised=30 behind another; a model …@held by ticks, or …@sampled: it draws",
    )
    .option("--profiles <a,b,…>", "the functions: stress (default), api, io, heavy, @FILE that calibrate wrote")
    .option("--env <sim|live>", "live: on the platform that 'up' runs from this home, one replay after the other")
    .option("--function <name>", "live: the function (default: the first that is managed)")
    .option("--from-window <n>", "live: skip so many windows of each trace")
    .option("--windows <n>", "live: windows of each replay (default 62, as the demo)")
    .option("--settle-windows <n>", "live: windows without load before each replay (default 8)")
    .option("--out <folder>", "write results.json, results.csv and (simulated) report.html here")
    .option("--json", "print results.json, and nothing else, on stdout")
    .action((flags: EvaluateFlags) => evaluate(flags, worldFor(flags)));
}

function matrixFlags(command: Command): Command {
  return command
    .option("--traces <f,…>", "traces in any known format; '#' selects a part of one")
    .option("--split <name>", "the manifest's train, validation or test traces at their rate scales; or of --loads")
    .option("--manifest <file>", "another manifest (default traces/manifest.json)")
    .option("--loads <file>", "the loads of --split, each with its function, as traces/loads.json has them")
    .option("--limit <n>", "at most so many of the loads, evenly over the list")
    .option("--format <name>", "the traces' format, where detection is not wanted")
    .option("--rate-scales <x,…>", "multiply the traces' rates (evaluate: 1,4,10; tune: 1)")
    .option("--seeds <n|a-b>", "seeds 1…n, or a…b (evaluate: 5; tune: 2)")
    .option("--guard <on|off>", "whether the guard stands between policies and platform (default on)")
    .option("--start-cost <seconds>", START_COST)
    .option("--percentile <percent>", PERCENTILE)
    .option("--workers <n>", "worker threads (default: one for each core)");
}
