/** Jobs on worker threads. Which thread runs which job does not show in the results. */
import { startWorker, type WorkerThread } from "../../adapters/workers.ts";
import { InterruptedError } from "../../core/errors.ts";
import type { GuardSwitch } from "../../sim/scaler.ts";
import type { Trace } from "../../traces/trace.ts";
import type { RunJob } from "../matrix.ts";
import type { Cell, Run } from "../run.ts";

/** What every worker gets when it starts: cells by index, traces once each, cloned into it. */
export interface WorkerSetup {
  readonly traces: readonly Trace[];
  readonly cells: readonly (Omit<Cell, "trace"> & { readonly trace: number })[];
  readonly guard: GuardSwitch;
  /** The models that travel with the bundles. */
  readonly modelsFolder: string;
}

/** What a pool's threads run. */
export interface PoolOptions {
  /** The bundle of `worker.ts`. */
  readonly script: string;
  readonly setup: WorkerSetup;
  readonly workers: number;
  readonly signal: AbortSignal;
}

/** Worker threads that run jobs. */
export interface Pool {
  /** Results in the order of the jobs. Rejects with the first failure, or `InterruptedError`; close the pool then. */
  run(jobs: readonly RunJob[], onProgress?: (index: number, share: number) => void): Promise<Run[]>;
  /** Ends the threads, in the middle of their work if need be. */
  close(): Promise<void>;
}

/** Heavy jobs are better begun first: pass jobs in that order. One `run` at a time. */
export function openPool({ script, setup, workers, signal }: PoolOptions): Pool {
  const threads = Array.from({ length: workers }, () => startWorker<RunJob, Run>(script, setup));
  return {
    async run(jobs, onProgress) {
      const runs = new Array<Run>(jobs.length);
      let next = 0;
      const work = async (thread: WorkerThread<RunJob, Run>) => {
        while (next < jobs.length) {
          const index = next++;
          runs[index] = await thread.ask(jobs[index]!, (share) => onProgress?.(index, share));
          onProgress?.(index, 1);
        }
      };
      try {
        await orInterrupted(Promise.all(threads.map(work)), signal);
        return runs;
      } finally {
        // After a failure nothing new is begun.
        next = jobs.length;
      }
    },
    close: async () => void (await Promise.all(threads.map((thread) => thread.close()))),
  };
}

/** Rejects with `InterruptedError` as soon as the signal aborts; what goes on is left to whoever closes it. */
async function orInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const interrupted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new InterruptedError());
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
