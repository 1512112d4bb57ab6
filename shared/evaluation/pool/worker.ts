/** A worker thread of the evaluation: runs one job after the other, keeps the last schedule and the policies it made. */
import { parentPort, workerData } from "node:worker_threads";

import { messageOf } from "../../core/errors.ts";
import { traceSeconds } from "../../traces/trace.ts";
import type { Schedule } from "../../traces/schedule.ts";
import type { RunJob } from "../matrix.ts";
import type { EvaluatedPolicy } from "../policies.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import { evaluateRun, scheduleOf, type Run } from "../run.ts";
import { resolveByName } from "../files/policies.ts";
import type { JobMessage, WorkerMessage, WorkerSetup } from "./worker-protocol.ts";

const setup = workerData as WorkerSetup;
const policies = new Map<string, EvaluatedPolicy>();
let planned: { readonly key: string; readonly schedule: Schedule } | null = null;

const tell = (message: WorkerMessage) => parentPort!.postMessage(message);

parentPort!.on("message", ({ index, job }: JobMessage) => {
  run(index, job).then(
    (done) => tell({ kind: "done", index, run: done }),
    (thrown: unknown) => {
      const name = thrown instanceof Error ? thrown.name : "Error";
      tell({ kind: "failed", index, name, message: messageOf(thrown) });
    },
  );
});

async function run(index: number, job: RunJob): Promise<Run> {
  const { trace, profile, rateScale } = setup.cells[job.cell]!;
  const key = `${job.cell}/${job.seed}`;
  const cell = { trace: setup.traces[trace]!, profile, rateScale };
  if (planned?.key !== key) planned = { key, schedule: scheduleOf(cell, job.seed) };
  let policy = policies.get(job.policy);
  if (!policy) policies.set(job.policy, (policy = await resolveByName(job.policy, setup.modelsFolder)));

  const windows = Math.ceil(traceSeconds(cell.trace) / WINDOW_SECONDS);
  const step = Math.max(1, Math.floor(windows / 20));
  let lived = 0;
  return evaluateRun({
    schedule: planned.schedule,
    profile,
    policy,
    seed: job.seed,
    guard: setup.guard,
    detail: job.detail,
    onWindow: () => {
      if (++lived % step === 0) tell({ kind: "progress", index, share: Math.min(1, lived / windows) });
    },
  });
}
