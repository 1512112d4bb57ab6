/** `replicant compare-agents`: the table of the agents as published and corrected, beside rules tuned on the same traces. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { REFERENCE_POLICY } from "#shared/evaluation/knowing.ts";
import type { RunJob } from "#shared/evaluation/matrix.ts";
import { PROFILES } from "#shared/sim/profiles.ts";
import { machine, versions } from "#shared/evaluation/files/machine.ts";
import { InterruptedError } from "#shared/evaluation/pool/pool.ts";
import { runJobs, withPool, type EvaluationWorld, type MatrixCell } from "#shared/evaluation/pool/run-matrix.ts";
import { loadNamedTraces, summaryOf } from "#shared/evaluation/files/traces.ts";
import {
  LEARNED,
  nameOfLearned,
  nameOfTuned,
  nameOfUntuned,
  SHIPPED,
  UNTUNED,
  type Contender,
} from "#shared/evaluation/agents/contenders.ts";
import type { AgentComparison } from "#shared/evaluation/agents/comparison.ts";
import { comparedData, type ComparedData } from "#shared/evaluation/agents/data.ts";
import { markdownOf, readmeWith, updateReadme } from "#shared/evaluation/agents/markdown.ts";
import { readCompareAgentsFlags, type CompareAgentsFlags, type CompareAgentsOptions } from "./options.ts";
import { scoresOf } from "#shared/evaluation/agents/scores.ts";
import { folderOf, noteEvaluation, trainAll } from "./train-all.ts";
import { tuneAll, type TunedRules } from "./tune-all.ts";

export interface CompareAgentsWorld extends EvaluationWorld {
  readonly cores: number;
  /** The bundle of `train/rollout-thread.ts`. */
  readonly threadScript: string;
}

const PROFILE = PROFILES.stress;

/** Throws `BadInputError` before anything runs. Interrupted, it goes on where it was when it is called again. */
export async function compareAgents(flags: CompareAgentsFlags, world: CompareAgentsWorld): Promise<void> {
  const options = readCompareAgentsFlags(flags, world);
  if (options.readme !== null) await readmeWith(options.readme, "");
  const data = await comparedData(options.small);
  await mkdir(options.work, { recursive: true });
  try {
    await make(options, data, world);
  } catch (thrown) {
    if (thrown instanceof InterruptedError)
      world.say(`what is whole is kept in ${options.work}: the same command goes on`);
    throw thrown;
  }
}

async function make(options: CompareAgentsOptions, data: ComparedData, world: CompareAgentsWorld): Promise<void> {
  world.say(`training: ${LEARNED.length} agents with ${options.seeds.length} seeds, ${options.steps} steps each`);
  await trainAll(options, data.train, world);
  world.say(`tuning with ${options.budget} candidates a rule`);
  const tuned = await tuneAll(options, data.train, world);
  const comparison = await compared(options, data, tuned, world);
  await writeEvaluations(options, comparison);
  const markdown = markdownOf(comparison);
  const json = `${JSON.stringify(comparison)}\n`;
  await writeFile(join(options.work, "results.json"), json);
  await writeFile(join(options.work, "table.md"), markdown);
  if (options.readme !== null) await updateReadme(options.readme, markdown);
  if (options.json) return world.answer(json.trimEnd());
  for (const line of markdown.split("\n")) world.say(line);
  world.say(
    `${options.work}: results.json, table.md${options.readme === null ? "" : `; ${options.readme} is up to date`}`,
  );
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

/** Each checkpoint tells in its record what it reached. */
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
