/**
 * The command line: `replicant <command>`. Exit codes: 0 done, 1 it went wrong, 2 the input was wrong. A command that speaks to a
 * platform is loaded when it is called: what it needs is half of the program, and a training would carry it along.
 */
import { Command } from "commander";
import { join } from "node:path";

import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { registerCalibrate } from "./calibrate/register.ts";
import { registerChaos } from "./chaos/register.ts";
import type { GatewayFlags } from "#shared/live/find-platform.ts";
import { registerFreeze } from "./freeze.ts";
import { InterruptedError } from "#shared/evaluation/pool/pool.ts";
import { registerEvaluation } from "./evaluate/register.ts";
import { registerPlatform } from "./register-platform.ts";
import type { ReplayFlags } from "./replay.ts";
import { registerTraining } from "./train/register.ts";
import type { UpFlags } from "./up/options.ts";
import { registerVerify } from "./verify.ts";

const program = new Command("replicant")
  .description("A learned autoscaler for OpenFaaS functions")
  .showHelpAfterError()
  .exitOverride();

const home = process.env["REPLICANT_HOME"] || join(process.cwd(), ".replicant");
const ending = new AbortController();
let asked = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A second Ctrl-C does not wait for anything to be tidy.
    if (++asked > 1) process.exit(130);
    ending.abort();
  });
}

program
  .command("up")
  .description("run the platform, all of stack.yml and a load on this machine; a line a window")
  .option("--demo", "a few minutes of the seed's trace, ten times as fast, or slower where the machine is busy")
  .option("--trace <file>", "replay this trace against the managed function")
  .option("--format <name>", "the trace's format, where detection is not wanted")
  .option("--from-window <n>", "skip so many windows of the trace")
  .option("--rate-scale <x>", "multiply the trace's rates")
  .option("--time-lapse <k>", "one real second stands for k seconds of the trace")
  .option("--windows <n>", "end after so many windows of 30 s trace time")
  .option("--policy <name>", "the policy of stack.yml's managed function: hpa, kpa, openfaas-pro, fixed:N, …")
  .option("--port <n>", "the gateway's port; 0 lets the system choose", undefined)
  .option("--seed <text>", "seed of the schedule")
  .option("--profile <name>", "open (0…N replicas) or ce (1…5, as the community edition)")
  .option("--stack <file>", "another stack file")
  .option("--json", "print one JSON document at the end, and nothing else, on stdout")
  .option("--verify", "end with a check of what the guard promises; exit 1 when a promise is broken")
  .option("--verbose", "tell what the platform does, on stderr")
  .action(async (flags: UpFlags) => {
    const { up } = await import("#shared/live/run/run.ts");
    const { demoAtItsPace, measureRoom } = await import("#shared/live/run/pace.ts");
    const say = sayUnless(flags.json);
    await up(await demoAtItsPace(flags, measureRoom, say), {
      home,
      dist: distFolder(),
      env: process.env,
      say,
      answer,
      columns: () => process.stdout.columns ?? 200,
      signal: ending.signal,
    });
  });

const gatewayFlags = (command: Command) =>
  command
    .option("--gateway <url>", "the gateway; else OPENFAAS_URL, else the one that 'up' started from this home")
    .option("--user <name>", "its user", "admin")
    .option("--password-file <file>", "a file with its password");

gatewayFlags(
  program.command("status").description("what runs, where, and whether it works; exits with 1 when something does not"),
)
  .option("--json", "as JSON")
  .action(async (flags: GatewayFlags & { json?: boolean }) => {
    const { connect, statusOf, statusTable } = await beside();
    const { url, gateway } = connect(flags, home, process.env);
    const parts = await statusOf(gateway);
    process.exitCode = parts.every(({ isWell }) => isWell) ? 0 : 1;
    if (flags.json) return console.log(JSON.stringify({ gateway: url, parts }));
    for (const line of [url, ...statusTable(parts)]) console.log(line);
  });

gatewayFlags(program.command("explain").description("why this replica count: every stage of a decision"))
  .argument("<decision-id>", "as the line of 'up', the page and the events tell it")
  .option("--json", "as JSON")
  .action(async (decisionId: string, flags: GatewayFlags & { json?: boolean }) => {
    const { connect, explain, explanation, askBudgets } = await beside();
    const { gateway } = connect(flags, home, process.env);
    const decision = await explain(gateway, decisionId);
    if (flags.json) return console.log(JSON.stringify(decision));
    const budget = (await askBudgets(gateway))[decision.functionName] ?? null;
    for (const line of explanation(decision, budget)) console.log(line);
  });

program
  .command("replay")
  .description("replay a trace against a URL: open loop, latency from the intended instant")
  .option("--trace <file>", "a trace in any known format; '#' selects a part of it")
  .option("--url <url>", "where each request is POSTed (default http://127.0.0.1:8080/function/stress)")
  .option("--format <name>", "the trace's format, where detection is not wanted")
  .option("--from-window <n>", "skip so many windows of 30 s")
  .option("--windows <n>", "so many windows of 30 s")
  .option("--rate-scale <x>", "multiply the trace's rates")
  .option("--time-lapse <k>", "one real second stands for k seconds of the trace")
  .option("--gap-rule <name>", "uniform, poisson, equidistant or hyper-exponential")
  .option("--seed <text>", "seed of the schedule")
  .option("--slo-seconds <s>", "count requests slower than this, trace time")
  .option("--mean-cpu-seconds <s>", "CPU time that a request asks for, trace time")
  .option("--work-cv <x>", "its spread, std ÷ mean")
  .option("--records <file>", "write a JSON line per request")
  .option("--schedule <file>", "write the plan before anything is sent")
  .option("--json", "print one JSON document at the end, and nothing else, on stdout")
  .action(async (flags: ReplayFlags) => {
    const { replay } = await import("./replay.ts");
    process.exitCode = await replay(flags, { say: sayUnless(flags.json), answer, signal: ending.signal });
  });

registerPlatform(program, { home, dist: distFolder, env: process.env, signal: ending.signal });
registerVerify(program);
registerFreeze(program, gatewayFlags, { home, env: process.env });
registerEvaluation(program, { dist: distFolder, home, sayUnless, answer, signal: ending.signal });
registerChaos(program, { home, sayUnless, answer, signal: ending.signal });
registerCalibrate(program, { dist: distFolder, home, env: process.env, sayUnless, answer, signal: ending.signal });
registerTraining(program, { dist: distFolder, home, say: sayUnless(false), signal: ending.signal });

/** What commands beside a running platform need. */
async function beside() {
  const [{ connect }, status, explained, budgets] = await Promise.all([
    import("#shared/live/find-platform.ts"),
    import("./status.ts"),
    import("./explain.ts"),
    import("#shared/live/budgets.ts"),
  ]);
  return { connect, ...status, ...explained, ...budgets };
}

function sayUnless(json: boolean | undefined): (line: string) => void {
  return (line) => (json ? console.error(line) : console.log(line));
}

function answer(json: string): void {
  process.stdout.write(`${json}\n`);
}

/** This program is bundled to `<dist>/services/cli/main.cjs`. */
function distFolder(): string {
  return join(__dirname, "..", "..");
}

program.parseAsync().catch((thrown: unknown) => {
  process.exitCode = exitCodeOf(thrown);
});

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
