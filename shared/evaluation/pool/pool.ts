/** Jobs on worker threads. Which thread runs which job does not show in the results. */
import { Worker } from "node:worker_threads";

import { BadInputError, InterruptedError } from "../../core/errors.ts";
import type { RunJob } from "../matrix.ts";
import type { Run } from "../run.ts";
import type { JobMessage, WorkerMessage, WorkerSetup } from "./worker-protocol.ts";

export interface PoolOptions {
  /** The bundle of `worker.ts`. */
  readonly script: string;
  readonly setup: WorkerSetup;
  readonly workers: number;
  readonly signal: AbortSignal;
}

export interface Pool {
  /** Results in the order of the jobs. Rejects with the first failure, or `InterruptedError`; close the pool then. */
  run(jobs: readonly RunJob[], onProgress?: (index: number, share: number) => void): Promise<Run[]>;
  /** Ends the threads, in the middle of their work if need be. */
  close(): Promise<void>;
}

/** What a thread's news goes to; null between two runs. */
interface Listener {
  onMessage(thread: Worker, message: WorkerMessage): void;
  onFailure(error: Error): void;
}

/** Heavy jobs are better begun first: pass jobs in that order. One `run` at a time. */
export function openPool({ script, setup, workers, signal }: PoolOptions): Pool {
  let listener: Listener | null = null;
  const threads = Array.from({ length: workers }, () => {
    const thread = new Worker(script, { workerData: setup, execArgv: [] });
    thread.on("message", (message: WorkerMessage) => listener?.onMessage(thread, message));
    thread.on("error", (error) => listener?.onFailure(error));
    thread.on("exit", (code) => listener?.onFailure(new Error(`an evaluation worker ended with code ${code}`)));
    return thread;
  });

  return {
    run: (jobs, onProgress) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(new InterruptedError());
        if (jobs.length === 0) return resolve([]);
        const runs = new Array<Run>(jobs.length);
        let [next, done] = [0, 0];
        const give = (thread: Worker) => {
          if (next >= jobs.length) return;
          const index = next++;
          thread.postMessage({ index, job: jobs[index]! } satisfies JobMessage);
        };
        const settle = (finish: () => void) => {
          signal.removeEventListener("abort", onAbort);
          listener = null;
          finish();
        };
        const onFailure = (error: Error) => settle(() => reject(error));
        const onAbort = () => onFailure(new InterruptedError());
        listener = {
          onFailure,
          onMessage(thread, message) {
            if (message.kind === "failed") return onFailure(errorOf(message));
            onProgress?.(message.index, message.kind === "done" ? 1 : message.share);
            if (message.kind === "progress") return;
            runs[message.index] = message.run;
            if (++done === jobs.length) settle(() => resolve(runs));
            else give(thread);
          },
        };
        signal.addEventListener("abort", onAbort);
        for (const thread of threads) give(thread);
      }),
    close: async () => void (await Promise.all(threads.map((thread) => thread.terminate()))),
  };
}

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  return name === "BadInputError" ? new BadInputError(message) : new Error(message);
}
