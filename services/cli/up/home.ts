/** One platform at a time lives in a home: its pid file says which. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { BadInputError } from "#shared/core/errors.ts";

/** Takes the home, or throws `BadInputError` naming the process that has it. Returns what gives it back. */
export function takeHome(home: string): () => void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = join(home, "up.pid");
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx", mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
      const pid = Number(readFileSync(file, "utf8"));
      if (isAlive(pid)) {
        throw new BadInputError(
          `'${home}' is in use by process ${pid}; end it, or choose another folder with REPLICANT_HOME`,
        );
      }
      rmSync(file, { force: true });
    }
  }
  throw new BadInputError(`'${home}' could not be taken: another process took it at the same moment`);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
