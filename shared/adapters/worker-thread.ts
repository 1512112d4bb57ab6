/** Threads of Node. */
import { Worker } from "node:worker_threads";
import type { StartThread } from "#shared/core/threads.ts";

/** A failing thread fails the process: what it was to compute would be missing. */
export const startWorkerThread: StartThread = (source, data) => {
  const script = `const data = require("node:worker_threads").workerData;\n${source}`;
  // Loaders of the parent (tsx) are of no use to a plain script, and slow its start.
  const worker = new Worker(script, { eval: true, workerData: data, execArgv: [] });
  worker.unref();
  return { stop: () => void worker.terminate() };
};
