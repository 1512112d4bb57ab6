/** Threads that answer one question after the other: a bundled script each, by messages. Every pool of ours is made of these. */
import { parentPort, Worker, workerData } from "node:worker_threads";

import { BadInputError, messageOf } from "../core/errors.ts";

/** A thread that answers questions, made by `startWorker`. */
export interface WorkerThread<Question, Answer> {
  /**
   * One at a time. `onProgress`: receives how far the answer is, 0…1. Rejects when the thread failed or ended; with `BadInputError`
   * where that is what it threw.
   */
  ask(question: Question, onProgress?: (share: number) => void): Promise<Answer>;
  /** Ends the thread, in the middle of its work if need be. */
  close(): Promise<void>;
}

type Reply<Answer> =
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "error"; readonly isBadInput: boolean; readonly message: string };

/** A thread of ours makes short-lived garbage, of which V8 would let three times as much lie about. */
const YOUNG = { maxYoungGenerationSizeMb: 16 };

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((share: number) => void) | undefined;
}

/** Starts the bundled script with `data`; the thread alone does not keep the process alive. */
export function startWorker<Question, Answer>(script: string, data: unknown): WorkerThread<Question, Answer> {
  // Loaders of the parent (tsx) are of no use to a bundle, and slow its start.
  const worker = new Worker(script, { workerData: data, execArgv: [], resourceLimits: YOUNG });
  let waiting: Waiting<Answer> | null = null;
  let ended: Error | null = null;
  const fail = (error: Error) => {
    ended = error;
    waiting?.reject(error);
    waiting = null;
  };
  worker.on("error", (thrown) => fail(thrown instanceof Error ? thrown : new Error(String(thrown))));
  worker.on("exit", (code) => fail(new Error(`a worker thread ended with code ${code}`)));
  worker.on("message", (reply: Reply<Answer>) => {
    if (reply.kind === "progress") return waiting?.onProgress?.(reply.share);
    const asked = waiting;
    waiting = null;
    worker.unref();
    if (reply.kind === "answer") asked?.resolve(reply.answer);
    else asked?.reject(reply.isBadInput ? new BadInputError(reply.message) : new Error(reply.message));
  });
  worker.unref();
  return {
    ask: (question, onProgress) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended);
        if (waiting !== null) return reject(new Error("a worker thread was asked before it had answered"));
        waiting = { resolve, reject, onProgress };
        // Who waits for an answer wants the process to live until it comes.
        worker.ref();
        worker.postMessage(question);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
}

/**
 * The thread's side: `start` makes of the data what answers the questions, and may report its progress. A question that throws is
 * answered by its error.
 */
export function serveQuestions<Data, Question, Answer>(
  start: (data: Data) => Promise<(question: Question, report: (share: number) => void) => Answer | Promise<Answer>>,
): void {
  const port = parentPort;
  if (port === null) throw new Error("this script runs as a worker thread only");
  const reply = (message: Reply<Answer>) => port.postMessage(message);
  const report = (share: number) => reply({ kind: "progress", share });
  const started = start(workerData as Data);
  // A failed start is reported when the first question comes.
  started.catch(() => {});
  let previous: Promise<unknown> = Promise.resolve();
  port.on("message", (question: Question) => {
    previous = previous.then(async () => {
      try {
        reply({ kind: "answer", answer: await (await started)(question, report) });
      } catch (thrown) {
        reply({ kind: "error", isBadInput: thrown instanceof BadInputError, message: messageOf(thrown) });
      }
    });
  });
}
