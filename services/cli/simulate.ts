/** `replicant simulate`: one policy on one trace in the simulator. */
import { readFlags } from "#shared/config/flags.ts";
import { budgetWords, sloWords, type Slo } from "#shared/core/slo.ts";
import { costOf } from "#shared/evaluation/cost.ts";
import { versions } from "#shared/evaluation/files/machine.ts";
import { readPolicies } from "#shared/evaluation/files/policies.ts";
import { readProfile } from "#shared/evaluation/files/profiles.ts";
import { loadNamedTraces, summaryOf } from "#shared/evaluation/files/traces.ts";
import type { Bounds } from "#shared/evaluation/foresight/bounds.ts";
import type { Run } from "#shared/evaluation/run.ts";
import { simulateOne } from "#shared/evaluation/simulate-one.ts";
import { command, type FlagsOf, type World } from "./command.ts";
import { readMatrixFlags, START_COST } from "./matrix-flags.ts";

const OPTIONS = {
  "--trace <file>": "a trace in any known format; '#' selects a part of it",
  "--policy <name>":
    "hpa, kpa, kpa@30s, openfaas-pro, fixed:N, oracle, foresight, …, a checkpoint's folder, or @FILE that tune wrote",
  "--profile <name>": "the function: stress (default), api, io, heavy, or @FILE that calibrate wrote",
  "--format <name>": "the trace's format, where detection is not wanted",
  "--rate-scale <x>": "multiply the trace's rates (default 1)",
  "--seed <n>": "seed of the calls and of the platform (default 1)",
  "--guard <on|off>": "whether the guard is between policy and platform (default on)",
  "--start-cost <seconds>": START_COST,
  "--json": "print one JSON document with every window, and nothing else, on stdout",
} as const;

export default command({
  name: "simulate",
  description: "one policy on one trace in the simulator",
  options: OPTIONS,
  async run(flags, world) {
    const options = await readSimulateFlags(flags, world);
    const { policy, profile, rateScale, seed, trace } = options;
    const { run, guard, oracleMultiple } = await simulateOne(options, world);
    const { slo, startCostSeconds } = profile;
    if (flags.json) {
      const heading = { policy, profile: profile.name, slo, rateScale, seed, guard, startCostSeconds };
      const { totals, needed, initialReplicas, bounds, windows } = run;
      const cost = costOf(totals, startCostSeconds);
      const parts = { needed, initialReplicas, totals, cost, bounds, oracleMultiple, windows };
      return world.answer(JSON.stringify({ ...heading, trace: summaryOf(trace), ...parts, versions: versions() }));
    }
    world.say(`${policy} on ${trace.name} × ${rateScale}, profile ${profile.name}, seed ${seed}, guard ${guard}`);
    for (const line of linesOf(run, oracleMultiple, profile)) world.say(line);
  },
});

/** Reads profile, policy and trace as well. Throws `BadInputError` before anything runs. */
async function readSimulateFlags(flags: FlagsOf<typeof OPTIONS>, { modelsFolder }: World) {
  const read = readFlags();
  if (flags.trace === undefined) read.problem("--trace is missing: which file is to be simulated?");
  if (flags.policy === undefined) read.problem("--policy is missing: for example openfaas-pro");
  const profile = await readProfile(flags.profile, read);
  const rateScale = read.number("rate-scale", flags.rateScale, 1, { least: 0.0001, most: 1_000_000 });
  const seed = read.number("seed", flags.seed, 1, { least: 1, most: 999_999_999, whole: true });
  const { trace: _trace, ...shared } = flags;
  const { format, guard, startCostSeconds } = readMatrixFlags({ ...shared, traces: "-" }, read, 1);
  read.done();
  const [policy, second] = await readPolicies(flags.policy!, modelsFolder);
  if (second !== undefined) read.problem(`--policy takes one policy, and '${second.name}' is a second one`);
  read.done();
  const [trace] = await loadNamedTraces([flags.trace!], format);
  return { trace: trace!, policy: policy!.name, profile: { ...profile, startCostSeconds }, rateScale, seed, guard };
}

function linesOf(
  { totals, bounds }: Run,
  oracleMultiple: number | null,
  { slo, startCostSeconds }: { readonly slo: Slo; readonly startCostSeconds: number },
): string[] {
  const failed = Object.entries(totals.failedByClass).map(([name, count]) => `${count} × ${name}`);
  const percent = (share: number | null) => (share === null ? "–" : `${(share * 100).toFixed(2)} %`);
  const seconds = (value: number | null) => (value === null ? "–" : value.toFixed(3));
  const { p50Seconds, p95Seconds, p99Seconds } = totals;
  const multiple = oracleMultiple === null ? "" : `, ${oracleMultiple.toFixed(2)} × the oracle's`;
  return [
    `calls      ${totals.calls}: ${totals.ok} ok, ${totals.failed} failed${failed.length > 0 ? ` (${failed.join(", ")})` : ""}`,
    `late       ${budgetWords(totals.sloViolationShare, slo)} (${sloWords(slo)}); windows fully served ${percent(totals.windowsFullyServedShare)}`,
    `latency    P50 ${seconds(p50Seconds)} s, P95 ${seconds(p95Seconds)} s, P99 ${seconds(p99Seconds)} s`,
    `replicas   ${Math.round(totals.replicaSeconds)} replica-seconds${multiple}; ${(totals.replicaSeconds / totals.durationSeconds).toFixed(2)} on average`,
    `cost       ${Math.round(costOf(totals, startCostSeconds)!)}: the replica-seconds, and ${startCostSeconds} for each of ${totals.replicaStarts} starts`,
    `changes    ${totals.churn} replicas up and down, ${totals.reversals} reversals, ${totals.coldStarts} cold starts`,
    `guard      ${totals.clippedDecisions} decisions changed, ${totals.heldDecisions} held`,
    ...(bounds === null ? [] : [boundsLine(bounds)]),
  ];
}

function boundsLine({ lower, upper, isKept, simulations }: Bounds): string {
  if (lower === null) return "bound      none: even the maximum held throughout breaks the SLO";
  const gap = lower > 0 ? `, gap ${(upper / lower).toFixed(2)}` : "";
  return `bound      ${Math.round(lower)} at least${isKept ? gap : ""}; ${simulations} simulations searched`;
}
