/** The built command line as a process, from the project's folder: what is recorded is what a person would be answered. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "./places.ts";

const run = promisify(execFile);

/** What the command printed on stdout. Rejects, with what it said on stderr, when it fails and nothing was printed. */
export async function replicant(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const ran = run(process.execPath, ["dist/services/cli/main.cjs", ...words], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 28,
  });
  const { stdout } = await ran.catch((thrown: { readonly stdout?: string }) => {
    // A run on a busy machine may be said not to be valid: what it was given to send is printed all the same.
    if (thrown.stdout) return { stdout: thrown.stdout };
    throw thrown;
  });
  return stdout;
}
