/** The built command line as a process, in a folder of its own that goes when the test ends. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  /** Everything said so far, on both streams. */
  said(): string;
  interrupt(): void;
  readonly ended: Promise<Outcome>;
}

const MAIN = resolve("dist/services/cli/main.cjs");

/** `cwd` is the project, so that traces are found by their names. */
export function startCommand(t: TestContext, words: readonly string[]): Command {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  return {
    said: () => stdout + stderr,
    interrupt: () => void child.kill("SIGINT"),
    ended: new Promise((done, fail) => {
      child.on("error", fail);
      child.on("close", (code) => done({ code, stdout, stderr }));
    }),
  };
}

export function runCommand(t: TestContext, words: readonly string[]): Promise<Outcome> {
  return startCommand(t, words).ended;
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-evaluation-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Twenty minutes: quiet, a burst, nothing, quiet. */
export async function smallTrace(folder: string): Promise<string> {
  const file = join(folder, "small.json");
  const counts = [
    ...Array<number>(12).fill(20),
    ...Array<number>(12).fill(80),
    ...Array<number>(10).fill(0),
    40,
    40,
    40,
  ];
  await writeFile(file, JSON.stringify(counts));
  return file;
}
