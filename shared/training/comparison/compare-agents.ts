/** The table of the agents as published and corrected, beside rules tuned on the same traces. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { REFERENCE_POLICY } from "../../evaluation/knowing.ts";
import type { RunJob } from "../../evaluation/matrix.ts";
import { PROFILES } from "../../sim/profiles.ts";
import { machine, versions } from "../../evaluation/files/machine.ts";
import { runJobs, withPool, type EvaluationWorld, type MatrixCell } from "../../evaluation/pool/run-matrix.ts";
import { loadNamedTraces, summaryOf } from "../../evaluation/files/traces.ts";
import {
  LEARNED,
  nameOfLearned,
  nameOfTuned,
  nameOfUntuned,
  SHIPPED,
  UNTUNED,
  type Contender,
} from "../../evaluation/agents/contenders.ts";
import type { AgentComparison } from "../../evaluation/agents/comparison.ts";
import { comparedData, type ComparedData } from "../../evaluation/agents/data.ts";
import { markdownOf } from "../../evaluation/agents/markdown.ts";
import type { CompareAgentsOptions } from "./options.ts";
import { scoresOf } from "../../evaluation/agents/scores.ts";
import { folderOf, noteEvaluation, trainAll } from "./train-all.ts";
import { tuneAll, type TunedRules } from "./tune-all.ts";

/** What the comparison needs of its process. */
export interface CompareAgentsWorld extends EvaluationWorld {
  /** The bundle of `rollout-thread.ts`. */
  readonly threadScript: string;
}

const PROFILE = PROFILES.stress;

/** Throws `BadInputError` before anything runs, `InterruptedError` when the person ends it: called again it goes on from there. */
export async function compareAgents(
  options: CompareAgentsOptions,
  world: CompareAgentsWorld,
): Promise<AgentComparison> {
  const data = await comparedData(options.small);
  await mkdir(options.work, { recursive: true });
  world.say(`training: ${LEARNED.length} agents with ${options.seeds.length} seeds, ${options.steps} steps each`);
  await trainAll(options, data.train, world);
  world.say(`tuning with ${options.budget} candidates a rule`);
  const tuned = await tuneAll(options, data.train, world);
  const comparison = await compared(options, data, tuned, world);
  await writeEvaluations(options, comparison);
  await writeFile(join(options.work, "results.json"), `${JSON.stringify(comparison)}\n`);
  await writeFile(join(options.work, "table.md"), markdownOf(comparison));
  return comparison;
}

function contendersOf(options: CompareAgentsOptions, tuned: TunedRules): (Contender & { readonly isTuned: boolean })[] {
  const plain = [
    ...LEARNED.map((learned) => ({
      name: nameOfLearned(learned),
      policyFor: (seed: number) => folderOf(options, learned, seed),
    })),
    SHIPPED,
    ...UNTUNED.map((rule) => ({ name: nameOfUntuned(rule), policyFor: () => rule })),
  ];
  return [
    ...plain.map((contender) => ({ ...contender, isTuned: false })),
    ...[...tuned].map(([rule, policy]) => ({ name: nameOfTuned(rule), policyFor: () => policy, isTuned: true })),
  ];
}

async function compared(
  options: CompareAgentsOptions,
  data: ComparedData,
  tuned: TunedRules,
  world: CompareAgentsWorld,
): Promise<AgentComparison> {
  const { steps, seeds, budget, workers } = options;
  const traces = await loadNamedTraces(
    data.validation.map(({ trace }) => trace),
    undefined,
  );
  const cells: MatrixCell[] = traces.map((trace, i) => {
    return { trace, profile: PROFILE, rateScale: data.validation[i]!.rateScale };
  });
  const oracle = { name: REFERENCE_POLICY, policyFor: () => REFERENCE_POLICY, isTuned: false };
  const all = [oracle, ...contendersOf(options, tuned)];
  // Neighbours share their schedule.
  const asked = cells.flatMap((_, cell) =>
    seeds.flatMap((seed) => all.map((contender) => ({ cell, seed, contender }))),
  );
  const jobs = asked.map(({ cell, seed, contender }): RunJob => {
    return { cell, seed, policy: contender.policyFor(seed), detail: "totals" };
  });
  const runs = await withPool(world, { cells, guard: "on", workers }, (pool) =>
    runJobs(pool, { cells, jobs, what: "comparing" }, world.progress),
  );
  const of = (name: string) =>
    seeds.map((seed) =>
      cells.map((_, cell) => {
        const at = asked.findIndex((one) => one.cell === cell && one.seed === seed && one.contender.name === name);
        return runs[at]!.totals;
      }),
    );
  return {
    kind: "replicant-agent-comparison",
    version: 1,
    ...{ steps, seeds, budget, profile: PROFILE.name },
    traces: traces.map((trace, i) => ({ ...summaryOf(trace), rateScale: cells[i]!.rateScale })),
    tuned: [...tuned.values()],
    scores: scoresOf(
      all.slice(1).map(({ name, isTuned }) => ({ name, isTuned, runs: of(name) })),
      of(REFERENCE_POLICY),
    ),
    runs: asked.map(({ cell, seed, contender }, i) => ({
      ...{ name: contender.name, policy: jobs[i]!.policy, seed, trace: traces[cell]!.name },
      ...runs[i]!.totals,
    })),
    command: world.command,
    versions: versions(),
    machine: machine(),
  };
}

/** Each checkpoint has in its record what it reached. */
async function writeEvaluations(options: CompareAgentsOptions, { runs, profile }: AgentComparison): Promise<void> {
  for (const learned of LEARNED) {
    for (const seed of options.seeds) {
      const own = runs.filter((run) => run.name === nameOfLearned(learned) && run.seed === seed);
      const traces = own.map(({ trace, sloViolationShare, replicaSeconds, p95Seconds, churn }) => {
        return { trace, sloViolationShare, replicaSeconds, p95Seconds, churn };
      });
      await noteEvaluation(folderOf(options, learned, seed), {
        split: "validation",
        profile,
        guard: "on",
        seed,
        traces,
      });
    }
  }
}
