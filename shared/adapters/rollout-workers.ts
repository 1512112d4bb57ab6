/** Threads that answer one question after the other: a bundled script each, spoken to by messages. */
import { parentPort, Worker, workerData } from "node:worker_threads";

export interface WorkerThread<Question, Answer> {
  /** One at a time; rejects when the thread failed or ended. */
  ask(question: Question): Promise<Answer>;
  close(): Promise<void>;
}

type Reply<Answer> = { readonly answer: Answer } | { readonly error: string };

/** A thread of ours makes short-lived garbage, of which V8 would let three times as much lie about. */
const YOUNG = { maxYoungGenerationSizeMb: 16 };

/** Starts the bundled script with `data`; the thread alone does not keep the process alive. */
export function startWorker<Question, Answer>(script: string, data: unknown): WorkerThread<Question, Answer> {
  // Loaders of the parent (tsx) are of no use to a bundle, and slow its start.
  const worker = new Worker(script, { workerData: data, execArgv: [], resourceLimits: YOUNG });
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
  let ended: Error | null = null;
  const fail = (error: Error) => {
    ended = error;
    waiting?.reject(error);
    waiting = null;
  };
  worker.on("error", (thrown) => fail(thrown instanceof Error ? thrown : new Error(String(thrown))));
  worker.on("exit", (code) => fail(new Error(`a rollout thread ended with code ${code}`)));
  worker.on("message", (reply: Reply<Answer>) => {
    const asked = waiting;
    waiting = null;
    worker.unref();
    if ("error" in reply) asked?.reject(new Error(reply.error));
    else asked?.resolve(reply.answer);
  });
  worker.unref();
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended);
        if (waiting !== null) return reject(new Error("a rollout thread was asked before it had answered"));
        waiting = { resolve, reject };
        // Who waits for an answer wants the process to live until it comes.
        worker.ref();
        worker.postMessage(question);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
}

/** The thread's side: `start` makes of the data what answers the questions. A question that throws is answered by its error. */
export function serveQuestions<Data, Question, Answer>(
  start: (data: Data) => Promise<(question: Question) => Answer | Promise<Answer>>,
): void {
  const port = parentPort;
  if (port === null) throw new Error("this script runs as a worker thread only");
  const started = start(workerData as Data);
  // A failed start is told when the first question comes.
  started.catch(() => {});
  let previous: Promise<unknown> = Promise.resolve();
  port.on("message", (question: Question) => {
    previous = previous.then(async () => {
      try {
        const answer = await (await started)(question);
        port.postMessage({ answer });
      } catch (thrown) {
        port.postMessage({ error: thrown instanceof Error ? thrown.message : String(thrown) });
      }
    });
  });
}
