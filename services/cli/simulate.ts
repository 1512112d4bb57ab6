/** `replicant simulate`: one policy on one trace in the simulator. */
import { budgetWords, sloWords, type Slo } from "#shared/core/slo.ts";
import { costOf } from "#shared/evaluation/cost.ts";
import { isBoundName, REFERENCE_POLICY } from "#shared/evaluation/knowing.ts";
import type { RunJob } from "#shared/evaluation/matrix.ts";
import type { Bounds } from "#shared/evaluation/foresight/bounds.ts";
import type { Run } from "#shared/evaluation/run.ts";
import { readMatrixFlags } from "#shared/evaluation/options.ts";
import { readPolicies, resolveByName } from "#shared/evaluation/files/policies.ts";
import { readProfile } from "#shared/evaluation/files/profiles.ts";
import { runJobs, withPool, type EvaluationWorld } from "#shared/evaluation/pool/run-matrix.ts";
import { versions } from "#shared/evaluation/files/machine.ts";
import { loadNamedTraces, summaryOf } from "#shared/evaluation/files/traces.ts";
import { readFlags } from "#shared/config/flags.ts";

export interface SimulateFlags {
  readonly trace?: string;
  readonly policy?: string;
  readonly profile?: string;
  readonly format?: string;
  readonly rateScale?: string;
  readonly seed?: string;
  readonly guard?: string;
  readonly startCost?: string;
  readonly json?: boolean;
}

/** Throws `BadInputError` before anything runs, `InterruptedError` when the person ends it. */
export async function simulateCommand(flags: SimulateFlags, world: EvaluationWorld): Promise<void> {
  const read = readFlags();
  if (flags.trace === undefined) read.problem("--trace is missing: which file is to be simulated?");
  if (flags.policy === undefined) read.problem("--policy is missing: for example openfaas-pro");
  const profile = await readProfile(flags.profile, read);
  const rateScale = read.number("rate-scale", flags.rateScale, 1, { least: 0.0001, most: 1_000_000 });
  const seed = read.number("seed", flags.seed, 1, { least: 1, most: 999_999_999, whole: true });
  const { format, guard: asked, startCostSeconds } = readMatrixFlags({ ...sharedFlags(flags), traces: "-" }, read, 1);
  read.done();
  const [policy, second] = await readPolicies(flags.policy!, world.modelsFolder);
  if (second !== undefined) read.problem(`--policy takes one policy, and '${second.name}' is a second one`);
  read.done();
  const [trace] = await loadNamedTraces([flags.trace!], format);

  const guard = (await resolveByName(policy!.name, world.modelsFolder)).guard ?? asked;
  const cells = [{ trace: trace!, profile: { ...profile, startCostSeconds }, rateScale }];
  const job = (name: string, detail: RunJob["detail"]) => ({ cell: 0, policy: name, seed, detail });
  const jobs = [job(policy!.name, "windows")];
  // Perfect foresight is its own measure.
  if (!isBoundName(policy!.name)) jobs.push(job(REFERENCE_POLICY, "totals"));
  const [run, reference] = await withPool(world, { cells, guard, workers: jobs.length }, (pool) =>
    runJobs(pool, { cells, jobs, what: "simulating" }, world.progress),
  );

  const oracleSeconds = reference?.totals.replicaSeconds ?? 0;
  const oracleMultiple = oracleSeconds > 0 ? run!.totals.replicaSeconds / oracleSeconds : null;
  const heading = {
    policy: policy!.name,
    profile: profile.name,
    slo: profile.slo,
    rateScale,
    seed,
    guard,
    startCostSeconds,
  };
  if (flags.json) {
    const { totals, needed, initialReplicas, bounds, windows } = run!;
    const cost = costOf(totals, startCostSeconds);
    const parts = { needed, initialReplicas, totals, cost, bounds, oracleMultiple, windows };
    const document = { ...heading, trace: summaryOf(trace!), ...parts };
    return world.answer(JSON.stringify({ ...document, versions: versions() }));
  }
  world.say(`${policy!.name} on ${trace!.name} × ${rateScale}, profile ${profile.name}, seed ${seed}, guard ${guard}`);
  for (const line of linesOf(run!, oracleMultiple, heading)) world.say(line);
}

function sharedFlags({ format, guard, startCost }: SimulateFlags) {
  return {
    ...(format === undefined ? {} : { format }),
    ...(guard === undefined ? {} : { guard }),
    ...(startCost === undefined ? {} : { startCost }),
  };
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
