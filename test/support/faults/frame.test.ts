/** The frame of these suites: figures that add up, a table made of nothing else, a seeded order. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { aWindow } from "#test/support/a-window.ts";
import { anApplied } from "#test/support/a-decision.ts";
import { added, record, type SuiteFigures } from "./figures.ts";
import { planOf } from "./plan.ts";
import { scaleDownsOnMissing } from "./promises.ts";
import { suites } from "./suites.ts";
import { readFigures, suitesIn, tableOf, withTable } from "./table.ts";

const FAULTS = join(import.meta.dirname, "../../faults");

test("figures: counts add up, the longest recovery and the highest load stay", () => {
  const one = { tried: 2, held: 2, recoveryWindows: 1, recoverySeconds: 0.4, loadPerSecond: 900 };
  const other = { tried: 1, held: 1, recoveryWindows: 0, recoverySeconds: 2, loadPerSecond: 700, inputs: 10 };
  assert.deepEqual(added(one, other), {
    ...{ tried: 3, held: 3, recoveryWindows: 1, recoverySeconds: 2 },
    ...{ loadPerSecond: 900, inputs: 10 },
  });
});

test("figures: more held than tried, or a figure that is no number, is refused", () => {
  assert.throws(() => added({ tried: 1 }, { held: 2 }), /2 held of 1 tried/);
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => added({}, { inputs: wrong }), /inputs must be a number of at least 0/);
  }
});

test("figures: a test file leaves one line, which the table reads; a file elsewhere is no suite", () => {
  const folder = mkdtempSync(join(tmpdir(), "replicant-figures-"));
  try {
    record(join(FAULTS, "bus", "forged.test.ts"), { tried: 1, held: 1 }, folder);
    record(join(FAULTS, "bus", "forged.test.ts"), { tried: 1, held: 1, acknowledgedLost: 0 }, folder);
    assert.deepEqual(readFigures(folder), [{ suite: "bus/forged", tried: 2, held: 2, acknowledgedLost: 0 }]);
    assert.throws(() => record(join(FAULTS, "..", "core", "guard.test.ts"), { tried: 1 }, folder), RangeError);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("table: a row a suite, all together at the end, a dash for what was not counted", () => {
  const rows: SuiteFigures[] = [
    { suite: "bus", tried: 3, held: 3, recoveryWindows: 1, acknowledgedLost: 0 },
    { suite: "loop", tried: 4, held: 4, recoveryWindows: 1, recoverySeconds: 2.25, inputs: 1200 },
  ];
  const table = tableOf(rows).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  assert.deepEqual(table.slice(2), [
    ["`bus`", "3", "3", "1 window", "–", "–", "–", "–", "–", "0"],
    ["`loop`", "4", "4", "1 window, 2.3 s", "1200", "–", "–", "–", "–", "–"],
    ["together", "7", "7", "1 window, 2.3 s", "1200", "–", "–", "–", "–", "0"],
  ]);
  const page = withTable("before\n<!-- faults -->\nold\n<!-- /faults -->\nafter\n", rows);
  assert.match(page, /^before\n<!-- faults -->\n\n\| suite/);
  assert.match(page, /\n\n<!-- \/faults -->\nafter\n$/);
  assert.deepEqual(suitesIn(page), ["bus", "loop"]);
  assert.throws(() => withTable("no marks", rows), /has no <!-- faults -->/);
});

test("test/README.md: the table names suites that exist", () => {
  const there = new Set(suites());
  const named = suitesIn(readFileSync("test/README.md", "utf8"));
  assert.deepEqual(
    named.filter((suite) => !there.has(suite)),
    [],
  );
});

test("plan: the same seed gives the same order, and everything comes once before anything comes twice", () => {
  const kinds = ["kill", "pause", "bus down"];
  assert.deepEqual(planOf(7, kinds, 8), planOf(7, kinds, 8));
  assert.deepEqual(planOf(7, kinds, 3).toSorted(), kinds.toSorted());
  assert.deepEqual(planOf(7, kinds, 6).slice(3).toSorted(), kinds.toSorted());
  assert.equal(planOf(7, [], 3).length, 0);
});

test("promises: a count that went down on a window without arrivals is found, one that was held is not", () => {
  const windows = [aWindow({ seq: 4, endedAtMs: 120_000, arrivals: null })];
  const base = { seq: 4, atMs: 120_000, functionName: windows[0]!.functionName };
  const down = anApplied({ ...base, current: 5, desired: 2, applied: 2 });
  assert.deepEqual(scaleDownsOnMissing({ windows, applied: [down] }), [down]);
  const held = anApplied({ ...base, current: 5, desired: 5, applied: null });
  assert.deepEqual(scaleDownsOnMissing({ windows, applied: [held] }), []);
});
