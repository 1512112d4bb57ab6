/** A worker thread of the evaluation: runs one job after the other, keeps the last schedule and the policies it made. */
import { serveQuestions } from "../../adapters/workers.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import type { Schedule } from "../../traces/schedule.ts";
import { traceSeconds } from "../../traces/trace.ts";
import { resolveByName } from "../files/policies.ts";
import type { RunJob } from "../matrix.ts";
import type { EvaluatedPolicy } from "../policies.ts";
import { evaluateRun, scheduleOf, type Run } from "../run.ts";
import type { WorkerSetup } from "./pool.ts";

serveQuestions<WorkerSetup, RunJob, Run>(async (setup) => {
  const policies = new Map<string, EvaluatedPolicy>();
  let planned: { readonly key: string; readonly schedule: Schedule } | null = null;

  return async (job, report) => {
    const { trace, profile, rateScale } = setup.cells[job.cell]!;
    const key = `${job.cell}/${job.seed}`;
    const cell = { trace: setup.traces[trace]!, profile, rateScale };
    if (planned?.key !== key) planned = { key, schedule: scheduleOf(cell, job.seed) };
    let policy = policies.get(job.policy);
    if (!policy) policies.set(job.policy, (policy = await resolveByName(job.policy, setup.modelsFolder)));

    const windows = Math.ceil(traceSeconds(cell.trace) / WINDOW_SECONDS);
    const step = Math.max(1, Math.floor(windows / 20));
    let played = 0;
    return evaluateRun({
      schedule: planned.schedule,
      profile,
      policy,
      seed: job.seed,
      guard: setup.guard,
      detail: job.detail,
      onWindow: () => {
        if (++played % step === 0) report(Math.min(1, played / windows));
      },
    });
  };
});
