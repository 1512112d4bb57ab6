/** `replicant simulate`: one policy on one trace in the simulator. */
import { REFERENCE_POLICY } from "#shared/evaluation/matrix.ts";
import type { RunJob } from "#shared/evaluation/matrix.ts";
import { isOracleName } from "#shared/evaluation/rows.ts";
import type { SimTotals } from "#shared/sim/simulate.ts";
import { readMatrixFlags } from "./evaluate/options.ts";
import { readPolicies, resolveByName } from "./evaluate/policies.ts";
import { readProfile } from "./evaluate/profiles.ts";
import { runJobs, withPool, type EvaluationWorld } from "./evaluate/run-matrix.ts";
import { versions } from "./evaluate/machine.ts";
import { loadNamedTraces, summaryOf } from "./evaluate/traces.ts";
import { readFlags } from "./flags.ts";

export interface SimulateFlags {
  readonly trace?: string;
  readonly policy?: string;
  readonly profile?: string;
  readonly format?: string;
  readonly rateScale?: string;
  readonly seed?: string;
  readonly guard?: string;
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
  const { format, guard: asked } = readMatrixFlags({ ...sharedFlags(flags), traces: "-" }, read, 1);
  read.done();
  const [policy, second] = await readPolicies(flags.policy!, world.modelsFolder);
  if (second !== undefined) read.problem(`--policy takes one policy, and '${second.name}' is a second one`);
  read.done();
  const [trace] = await loadNamedTraces([flags.trace!], format);

  const guard = (await resolveByName(policy!.name, world.modelsFolder)).guard ?? asked;
  const cells = [{ trace: trace!, profile, rateScale }];
  const job = (name: string, detail: RunJob["detail"]) => ({ cell: 0, policy: name, seed, detail });
  const jobs = [job(policy!.name, "windows")];
  // An oracle is its own measure.
  if (!isOracleName(policy!.name)) jobs.push(job(REFERENCE_POLICY, "totals"));
  const [run, reference] = await withPool(world, { cells, guard, workers: jobs.length }, (pool) =>
    runJobs(pool, { cells, jobs, what: "simulating" }, world.progress),
  );

  const oracleSeconds = reference?.totals.replicaSeconds ?? 0;
  const oracleMultiple = oracleSeconds > 0 ? run!.totals.replicaSeconds / oracleSeconds : null;
  const heading = {
    policy: policy!.name,
    profile: profile.name,
    sloP95Seconds: profile.sloP95Seconds,
    rateScale,
    seed,
    guard,
  };
  if (flags.json) {
    const { totals, needed, initialReplicas, windows } = run!;
    const document = { ...heading, trace: summaryOf(trace!), needed, initialReplicas, totals, oracleMultiple, windows };
    return world.answer(JSON.stringify({ ...document, versions: versions() }));
  }
  world.say(`${policy!.name} on ${trace!.name} × ${rateScale}, profile ${profile.name}, seed ${seed}, guard ${guard}`);
  for (const line of linesOf(run!.totals, oracleMultiple, profile.sloP95Seconds)) world.say(line);
}

function sharedFlags({ format, guard }: SimulateFlags) {
  return { ...(format === undefined ? {} : { format }), ...(guard === undefined ? {} : { guard }) };
}

function linesOf(totals: SimTotals, oracleMultiple: number | null, sloSeconds: number): string[] {
  const failed = Object.entries(totals.failedByClass).map(([name, count]) => `${count} × ${name}`);
  const percent = (share: number | null) => (share === null ? "–" : `${(share * 100).toFixed(2)} %`);
  const seconds = (value: number | null) => (value === null ? "–" : value.toFixed(3));
  const { p50Seconds, p95Seconds, p99Seconds } = totals;
  const multiple = oracleMultiple === null ? "" : `, ${oracleMultiple.toFixed(2)} × the oracle's`;
  return [
    `calls      ${totals.calls}: ${totals.ok} ok, ${totals.failed} failed${failed.length > 0 ? ` (${failed.join(", ")})` : ""}`,
    `violations ${percent(totals.sloViolationShare)} of calls over ${sloSeconds} s or failed; windows fully served ${percent(totals.windowsFullyServedShare)}`,
    `latency    P50 ${seconds(p50Seconds)} s, P95 ${seconds(p95Seconds)} s, P99 ${seconds(p99Seconds)} s`,
    `replicas   ${Math.round(totals.replicaSeconds)} replica-seconds${multiple}; ${(totals.replicaSeconds / totals.durationSeconds).toFixed(2)} on average`,
    `changes    ${totals.churn} replicas up and down, ${totals.replicaStarts} starts, ${totals.coldStarts} cold starts`,
    `guard      ${totals.clippedDecisions} decisions changed, ${totals.heldDecisions} held`,
  ];
}
