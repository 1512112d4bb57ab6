/** A program of the bus as a child process: started, ready, and some day ended. */
import type { ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A child process. */
export interface Running {
  readonly pid: number;
  /** Resolves with why it ended, one sentence; never rejects. */
  readonly ended: Promise<string>;
  /** Asks it to end, then makes it; resolves when it has. */
  stop(): Promise<void>;
  /** At once, and without waiting. */
  kill(): void;
}

const GRACE_MS = 3_000;

/** `ask` requests this program to end. */
export function running(child: ChildProcess, lastWords: () => string, ask: () => void): Running {
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => {
      const how = signal ? `by ${signal}` : `with code ${code}`;
      resolve([`ended ${how}`, lastWords()].filter((words) => words !== "").join(": "));
    });
  });
  return {
    pid: child.pid ?? NaN, // Then `ended` is about to say why.
    ended,
    kill: () => void child.kill("SIGKILL"),
    async stop() {
      ask();
      const force = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      await ended;
      clearTimeout(force);
    },
  };
}

/** The first executable file of that name along `path`, or null. */
export function findOnPath(name: string, path: string): string | null {
  for (const folder of path.split(delimiter)) {
    if (folder === "") continue;
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here: the next folder.
    }
  }
  return null;
}
