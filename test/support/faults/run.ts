/**
 * `npm run faults`: the suites of test/faults, one after another, and then the table of what they counted. `-- --table` also writes
 * it into test/README.md; test files, and options of Node's test runner, can follow.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { fileOf, suites } from "./suites.ts";
import { readFigures, tableOf, withTable } from "./table.ts";

const PAGE = "test/README.md";

const words = process.argv.slice(2);
const writes = words.includes("--table");
const others = words.filter((word) => word !== "--table");
const files = others.some((word) => word.endsWith(".test.ts")) ? [] : suites().map(fileOf);

const folder = mkdtempSync(join(tmpdir(), "replicant-figures-"));
try {
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(process.execPath, ["test/support/run.mjs", "--test-concurrency=1", ...others, ...files], {
      stdio: "inherit",
      env: { ...process.env, REPLICANT_FIGURES: folder },
    });
    child.on("error", reject);
    child.on("exit", (exitCode) => resolve(exitCode ?? 1));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  });
  const rows = readFigures(folder);
  for (const line of tableOf(rows)) console.log(line);
  if (writes && code === 0) writeFileSync(PAGE, withTable(readFileSync(PAGE, "utf8"), rows));
  if (writes && code !== 0) console.error(`${PAGE} stays as it is: a suite failed`);
  process.exitCode = code;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
