/** The suites of test/faults by name: `bus/forged` is test/faults/bus/forged.test.ts. */
import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

const FAULTS = join(import.meta.dirname, "../../faults");
const ENDING = ".test.ts";

/** The name of the suite that a test file is. */
export function suiteOf(testFile: string): string {
  const path = relative(FAULTS, testFile).split(sep).join("/");
  if (path.startsWith("..") || !path.endsWith(ENDING))
    throw new RangeError(`${testFile} is no test file of test/faults`);
  return path.slice(0, -ENDING.length);
}

/** The names of all suites there are. */
export function suites(): string[] {
  return readdirSync(FAULTS, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ENDING))
    .map((file) => suiteOf(join(FAULTS, file)))
    .sort();
}

/** The test file of a suite, as the test runner takes it. */
export function fileOf(suite: string): string {
  return `test/faults/${suite}${ENDING}`;
}
