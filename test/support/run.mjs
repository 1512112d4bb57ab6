/**
 * Runs the tests: every `*.test.ts` under `test/`, or those named. Other words go to Node's test runner:
 * `npm test -- --test-name-pattern=guard`, `npm test -- test/guard/guard.test.ts`.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

const words = process.argv.slice(2);
const named = words.filter((word) => word.endsWith(".test.ts"));
const options = words.filter((word) => !named.includes(word));
// Node 20 takes no patterns here.
const files =
  named.length > 0
    ? named
    : readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".test.ts"))
        .sort()
        .map((file) => join("test", file));

const given = (/** @type {string} */ option) =>
  options.some((word) => word === option || word.startsWith(`${option}=`));
const child = spawn(
  process.execPath,
  [
    ...["--import", "tsx", "--test"],
    ...(given("--test-concurrency") ? [] : ["--test-concurrency=2"]),
    // Without a terminal Node 20 would choose TAP.
    ...(given("--test-reporter") ? [] : ["--test-reporter=spec"]),
    ...options,
    ...files,
  ],
  {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, PATH: [join(ROOT, ".peers", "bin"), process.env.PATH].join(delimiter) },
  },
);
child.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
child.on("exit", (code) => (process.exitCode = code ?? 1));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => child.kill(signal));
