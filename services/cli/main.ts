/**
 * The command line: `replicant <command>`. Exit codes: 0 done, 1 it went wrong, 2 the input was wrong, 130 interrupted. A command is
 * one file and one line here; it is loaded when it is called, for each needs another part of the program.
 */
import { Command as Program } from "commander";
import { join } from "node:path";

import { BadInputError, InterruptedError, messageOf } from "#shared/core/errors.ts";
import { addTo, type Command, type World } from "./command.ts";

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly default: Command }>>> = {
  up: () => import("./up.ts"),
  status: () => import("./status.ts"),
  explain: () => import("./explain.ts"),
  replay: () => import("./replay.ts"),
  platform: () => import("./platform.ts"),
  "set-up-bus": () => import("./set-up-bus.ts"),
  env: () => import("./env.ts"),
  template: () => import("./template.ts"),
  verify: () => import("./verify.ts"),
  freeze: () => import("./freeze.ts"),
  thaw: () => import("./thaw.ts"),
  "compare-agents": () => import("./compare-agents.ts"),
  simulate: () => import("./simulate.ts"),
  loads: () => import("./loads.ts"),
  tune: () => import("./tune.ts"),
  evaluate: () => import("./evaluate.ts"),
  chaos: () => import("./chaos.ts"),
  calibrate: () => import("./calibrate.ts"),
  train: () => import("./train.ts"),
};

const ending = new AbortController();
let interruptions = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A second Ctrl-C does not wait for anything to be tidy.
    if (++interruptions > 1) process.exit(130);
    ending.abort();
  });
}

// Whoever reads has read enough, as `head` does: what runs ends as it does after Ctrl-C.
process.stdout.on("error", () => ending.abort());

main(process.argv[2] ?? "").catch((thrown: unknown) => {
  process.exitCode = exitCodeOf(thrown);
});

async function main(name: string): Promise<void> {
  const program = new Program("replicant")
    .description("A learned autoscaler for OpenFaaS functions")
    .showHelpAfterError()
    .exitOverride();
  const called = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : Object.values(COMMANDS);
  for (const load of called) {
    const { default: one } = await load();
    addTo(program, one, worldOf, (code) => (process.exitCode = code));
  }
  await program.parseAsync();
}

function worldOf({ json = false }: { readonly json?: boolean }): World {
  /** This program is bundled to `<dist>/services/cli/main.cjs`. */
  const dist = join(__dirname, "..", "..");
  return {
    home: process.env["REPLICANT_HOME"] || join(process.cwd(), ".replicant"),
    dist,
    env: process.env,
    command: ["replicant", ...process.argv.slice(2)].join(" "),
    say: (line) => (json ? console.error(line) : console.log(line)),
    answer: (document) => void process.stdout.write(`${document}\n`),
    progress: {
      isTty: process.stderr.isTTY ?? false,
      columns: process.stderr.columns ?? 100,
      write: (text) => void process.stderr.write(text),
    },
    columns: () => process.stdout.columns ?? 200,
    signal: ending.signal,
    workerScript: join(__dirname, "evaluation-worker.cjs"),
    threadScript: join(__dirname, "rollout-thread.cjs"),
    reportAssets: join(__dirname, "report"),
    modelsFolder: join(dist, "functions", "policy-inference", "models"),
  };
}

function exitCodeOf(thrown: unknown): number {
  // commander has already said what was wrong; help and version are no errors.
  if (thrown instanceof Error && "exitCode" in thrown && "code" in thrown) return thrown.exitCode === 0 ? 0 : 2;
  if (thrown instanceof BadInputError) {
    for (const line of thrown.message.split("\n")) console.error(`replicant: ${line}`);
    return 2;
  }
  console.error(`replicant: ${messageOf(thrown)}`);
  if (thrown instanceof InterruptedError) return 130;
  // Not the error itself: what libraries hang on it may hold credentials.
  if (process.env["LOG_LEVEL"] === "debug" && thrown instanceof Error) console.error(thrown.stack);
  return 1;
}
