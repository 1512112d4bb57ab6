/** What a newcomer waits for: `npm install` in a fresh clone of HEAD, with nothing in npm's cache. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row, Section } from "./section.ts";

const ROOT = join(import.meta.dirname, "../..");
const TIMEOUT_MS = 5 * 60_000;

export const installSection: Section = {
  name: "install: npm install in a fresh clone, cold cache",
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), "bench-"));
    try {
      const clone = join(folder, "clone");
      const cloned = run(["git", "clone", "--quiet", "--no-local", ROOT, clone], folder);
      if (cloned !== null) return [skipped(cloned)];
      const startedAtMs = performance.now();
      const installed = run(["npm", "install", "--no-fund", "--fetch-retries=0"], clone, {
        npm_config_cache: join(folder, "cache"),
      });
      if (installed !== null) return [skipped(installed)];
      const seconds = (performance.now() - startedAtMs) / 1_000;
      return [
        { what: "npm install", value: seconds, unit: "s", note: "with all downloads; goal ≤ 60" },
        {
          what: "node_modules on disk",
          value: megabytesOf(join(clone, "node_modules")),
          unit: "MB",
          note: "goal ≤ 400",
        },
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function skipped(problem: string): Row {
  return { what: "npm install", value: NaN, unit: "s", note: `skipped: ${problem}` };
}

/** Why it failed, in its own words, or null. */
function run([program, ...args]: [string, ...string[]], cwd: string, more: NodeJS.ProcessEnv = {}): string | null {
  // What the npm that runs this bench has set is about this checkout.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  const env = { ...Object.fromEntries(inherited), ...more };
  const { status, error, stderr } = spawnSync(program, args, { cwd, env, encoding: "utf8", timeout: TIMEOUT_MS });
  if (status === 0) return null;
  const said = (stderr ?? "").split("\n").find((line) => /\w/.test(line) && !line.startsWith("npm warn"));
  return `${program} ${args[0]}: ${error?.message ?? said ?? `ended with ${status}`}`;
}

/** As `du` counts: whole blocks. */
function megabytesOf(folder: string): number {
  const { stdout } = spawnSync("du", ["-sk", folder], { encoding: "utf8" });
  return Number(stdout.split("\t")[0]) / 1024;
}
