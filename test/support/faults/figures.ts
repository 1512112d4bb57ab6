/**
 * What a suite of test/faults counted, so that the table in test/README.md is made of measured figures.
 *
 *     import { record } from "./figures.ts";
 *     record(import.meta.filename, { tried: 1, held: 1, recoveryWindows: 1 });
 *     recordEachTest(import.meta.filename); // where every test is one fault
 *
 * Call the first after the assertions that it counts, as often as it suits: counts add up, and of recoveries the longest and of
 * loads the highest stays. Where `REPLICANT_FIGURES` names a folder, each test file leaves one JSON line there,
 * `{"suite":"bus/forged","tried":12,"held":12,…}`; elsewhere nothing is written. `npm run faults -- --table` makes the table.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach } from "node:test";

import { suiteOf } from "./suites.ts";

/** All are optional; what a suite does not count is a dash in its row. */
export interface Figures {
  /** Faults brought about, and after how many of them everything held that must. */
  readonly tried?: number;
  readonly held?: number;
  /** From the fault's end until the part worked again: windows of trace time, or real seconds where there are no windows. */
  readonly recoveryWindows?: number;
  readonly recoverySeconds?: number;
  /** Hostile inputs tried: bodies, frames, headers, events, files. */
  readonly inputs?: number;
  /** Calls or events with a credential that does not reach so far, each refused. */
  readonly refused?: number;
  /** Requests per second that were answered without an error. */
  readonly loadPerSecond?: number;
  /** Hours of trace time that ran in one piece. */
  readonly hoursSoaked?: number;
  /** Promises of the whole: both must be 0, and a suite that could have seen one says so. */
  readonly scaleDownsOnMissing?: number;
  readonly acknowledgedLost?: number;
}

/** A suite's line in the folder of figures. */
export type SuiteFigures = Figures & { readonly suite: string };

const largest = new Set<keyof Figures>(["recoveryWindows", "recoverySeconds", "loadPerSecond"]);
const soFar = new Map<string, Figures>();

/** Adds figures to those of this test file. `testFile` is the file's `import.meta.filename`. */
export function record(testFile: string, figures: Figures, folder = process.env["REPLICANT_FIGURES"]): void {
  const suite = suiteOf(testFile);
  const sum = added(soFar.get(suite) ?? {}, figures);
  soFar.set(suite, sum);
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${suite.replaceAll("/", "+")}.json`);
  writeFileSync(`${file}.draft`, `${JSON.stringify({ suite, ...sum })}\n`);
  renameSync(`${file}.draft`, file);
}

/** Counts each test of this file as one fault, which held if the test passed. For tests that do not count for themselves. */
export function recordEachTest(testFile: string): void {
  afterEach((context) => {
    // The types of Node 20.19 lack it.
    const { passed } = context as unknown as { readonly passed: boolean };
    record(testFile, { tried: 1, held: passed ? 1 : 0 });
  });
}

/** Two lots of figures as one. A figure that is no number of at least 0 is a mistake of the suite's. */
export function added(one: Figures, other: Figures): Figures {
  const sum: Partial<Record<keyof Figures, number>> = { ...one };
  for (const [name, value] of Object.entries(other) as [keyof Figures, number | undefined][]) {
    if (value === undefined) continue;
    if (!Number.isFinite(value) || value < 0)
      throw new RangeError(`${name} must be a number of at least 0, was ${value}`);
    const before = sum[name] ?? 0;
    sum[name] = largest.has(name) ? Math.max(before, value) : before + value;
  }
  if ((sum.held ?? 0) > (sum.tried ?? 0)) throw new RangeError(`${sum.held} held of ${sum.tried ?? 0} tried`);
  return sum;
}
