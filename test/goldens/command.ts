/** The built command line as a process, from the project's folder: what is recorded is what a person would be answered. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "./places.ts";

const run = promisify(execFile);

/** What the command printed on stdout. Rejects, with what it said on stderr, when it fails. */
export async function replicant(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await run(process.execPath, ["dist/services/cli/main.cjs", ...words], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 28,
  });
  return stdout;
}
