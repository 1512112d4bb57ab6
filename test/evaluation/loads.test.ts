/** The shipped manifest of loads: what it promises, line by line, and that it can be made again. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import { traceSeconds } from "#shared/traces/trace.ts";
import { azureOwners } from "#shared/traces/formats/azure-per-minute.ts";
import { neededSpan } from "#shared/evaluation/foresight.ts";
import { scheduleOf } from "#shared/evaluation/run.ts";
import { familyOf } from "#shared/sim/loads/classify.ts";
import { type Load, loadOf } from "#shared/sim/loads/load.ts";
import { demandOf, needOf } from "#shared/sim/loads/need.ts";
import { isRecorded, LOAD_SPLITS, MAX_TIMES, type LoadSplit } from "#shared/sim/loads/recipe.ts";
import { FAMILIES } from "#shared/sim/workloads/families.ts";
import { AZURE_FILE } from "#shared/evaluation/loads/compose/azure.ts";
import { splitOfOwner } from "#shared/evaluation/loads/compose/owners.ts";
import { composeFrom } from "#shared/evaluation/loads/compose/compose.ts";
import { DEFAULT_LOADS, loadsOfSplit, loadsText, readLoadsFile } from "#shared/evaluation/loads/manifest.ts";
import { lineOf, type LoadLine } from "#shared/evaluation/loads/table.ts";
import { tracesFor } from "#shared/evaluation/loads/traces.ts";
import { DEFAULT_MANIFEST, readManifest } from "#shared/evaluation/files/manifest.ts";
import { runCommand } from "#test/support/command.ts";

const recipes = await readLoadsFile(DEFAULT_LOADS);
const traceOf = await tracesFor("traces", recipes);
const owners = azureOwners({ name: AZURE_FILE, text: await readFile(`traces/${AZURE_FILE}`, "utf8"), selection: null });
const ownerOf = (select: string) => owners[Number(select.replace("row=", "")) - 1]!;

/** Each load once, for all that is asked of it; a thousand hours are not kept. */
const facts = recipes.map((recipe) => {
  const { trace, profile }: Load = loadOf(recipe, traceOf);
  const demand = demandOf(trace, recipe.durationSeconds);
  return {
    recipe,
    profile,
    line: lineOf({ recipe, trace, profile }),
    need: needOf(demand, profile),
    // What the mean rate alone needs, before windows are rounded up.
    plainNeed: demand.mean * (needOf({ ...demand, workPerSecond: [1e6] }, profile).mean / 1e6),
    lengthSeconds: traceSeconds(trace),
    shape: familyOf(demand),
  };
});

describe("the manifest of loads", () => {
  test("is made again, to the byte, from the traces beside it", async () => {
    assert.equal(loadsText(await composeFrom("traces")), await readFile(DEFAULT_LOADS, "utf8"));
  });

  for (const [split, least] of Object.entries({ train: 200, validation: 40, test: 40 } as const)) {
    test(`${split}: at least ${least} loads, every family among them, shipped functions and drawn ones`, () => {
      const own = recipes.filter((recipe) => recipe.split === split);
      assert.ok(own.length >= least, `${own.length}`);
      assert.deepEqual([...new Set(own.map(({ family }) => family))].sort(), [...FAMILIES].sort());
      assert.deepEqual(
        [...new Set(own.map((recipe) => (typeof recipe.function === "string" ? recipe.function : "drawn")))].sort(),
        ["api", "drawn", "heavy", "io", "stress"],
      );
      // Most last 2–6 h; some less than one, some a day.
      const hours = own.map(({ durationSeconds }) => durationSeconds / 3600);
      assert.ok(hours.filter((one) => one >= 2 && one <= 6).length >= 0.6 * own.length);
      assert.ok(hours.some((one) => one <= 1) && hours.filter((one) => one >= 23).length >= 3);
    });
  }

  test("nothing is multiplied more than threefold", () => {
    for (const recipe of recipes.filter(isRecorded)) {
      for (const { times = 1, share = 1 } of recipe.parts) assert.ok(times <= MAX_TIMES && share <= 1, recipe.name);
    }
  });

  test("no owner of an Azure function is in two splits, and no other source", () => {
    const splits = new Map<string, Set<LoadSplit>>();
    const meet = (what: string, split: LoadSplit) => splits.set(what, (splits.get(what) ?? new Set()).add(split));
    for (const recipe of recipes.filter(isRecorded)) {
      for (const { file, select } of recipe.parts) {
        if (file !== AZURE_FILE) meet(file, recipe.split);
        else for (const one of select!) meet(ownerOf(one), recipe.split);
      }
    }
    for (const [what, where] of splits) assert.equal(where.size, 1, `${what}: ${[...where].join(", ")}`);
    assert.ok(splits.size > 80, `${splits.size}`);
    const seeds = recipes.map(({ seed }) => seed);
    assert.equal(new Set(seeds).size, seeds.length);
  });

  test("the manifest of traces and this one test on nothing that the other trains or chooses on", async () => {
    const { splits } = await readManifest(DEFAULT_MANIFEST);
    for (const split of ["train", "validation"] as const) {
      for (const { trace } of splits[split]) {
        const [file, select] = trace.split("#");
        if (file === AZURE_FILE) assert.equal(splitOfOwner(ownerOf(select!)), split, trace);
        else assert.ok(!usedIn("test", file!), trace);
      }
    }
    for (const { trace } of splits.test) {
      const file = trace.split("#")[0]!;
      assert.ok(!usedIn("train", file) && !usedIn("validation", file), trace);
    }
  });

  test("each load lasts as long as it says, and keeps its function busy: one to ten replicas on average", () => {
    for (const { recipe, profile, need, plainNeed, lengthSeconds } of facts) {
      assert.equal(lengthSeconds, recipe.durationSeconds, recipe.name);
      const what = `${recipe.name}: ${need.mean}, ${plainNeed}, peak ${need.peak}`;
      assert.ok(need.mean >= 1 && need.mean <= 10 && plainNeed >= 1 && plainNeed <= 10, what);
      assert.ok(need.peak <= profile.maxReplicas && profile.maxReplicas <= 48, what);
    }
  });

  test("is of the family that it is said to be, where that is told by its windows", () => {
    for (const { recipe, shape } of facts) {
      if (isRecorded(recipe) && recipe.family !== "llm") assert.equal(shape, recipe.family, recipe.name);
      assert.ok(recipe.name.includes(`-${recipe.family}-`), recipe.name);
    }
  });

  test("a run costs a second or so: no load has more than 300,000 calls, all of them on average 50,000", () => {
    const calls = facts.map(({ line }) => line.calls);
    assert.ok(Math.max(...calls) <= 300_000, `${Math.max(...calls)}`);
    assert.ok(calls.reduce((a, b) => a + b) / calls.length < 50_000);
  });

  test("the need is what an evaluation will say it is", () => {
    for (const { recipe, need, profile } of facts.filter((_, i) => i % 40 === 0)) {
      const { trace } = loadOf(recipe, traceOf);
      const { mean } = neededSpan(scheduleOf({ trace, profile, rateScale: 1 }, 1), profile);
      assert.ok(Math.abs(mean - need.mean) < 0.1 * need.mean + 0.1, `${recipe.name}: ${mean}, ${need.mean}`);
    }
  });

  test("a limit takes loads from all over a split", () => {
    const whole = loadsOfSplit(recipes, "test", null);
    assert.deepEqual(loadsOfSplit(recipes, "test", 1000), whole);
    const some = loadsOfSplit(recipes, "test", 12);
    assert.equal(new Set(some).size, 12);
    assert.ok(new Set(some.map(({ family }) => family)).size >= 5);
    assert.ok(some.every((recipe) => whole.includes(recipe)));
  });
});

function usedIn(split: LoadSplit, file: string): boolean {
  return recipes.some(
    (recipe) => recipe.split === split && isRecorded(recipe) && recipe.parts.some((part) => part.file === file),
  );
}

describe("replicant loads", () => {
  test("lists a split, and sums it up", async (t) => {
    const { code, stdout, stderr } = await runCommand(t, ["loads", "--split", "validation"]);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^load +split +hours +calls +rps +peak ÷ mean +function +service s +SLO s +start s +need +peak +max$/m,
    );
    const count = recipes.filter(({ split }) => split === "validation").length;
    assert.equal(stdout.match(/^\S+ +validation +\d/gm)?.length, count);
    assert.match(stdout, new RegExp(`^all +${count} loads, \\d+ h, need \\d\\.\\d$`, "m"));
    const json = await runCommand(t, ["loads", "--split", "validation", "--json"]);
    const lines = JSON.parse(json.stdout) as LoadLine[];
    assert.deepEqual(
      lines,
      facts.filter(({ recipe }) => recipe.split === "validation").map(({ line }) => line),
    );
    assert.ok(LOAD_SPLITS.includes(lines[0]!.split));
  });

  for (const { name, words, says } of [
    {
      name: "a manifest that is not there",
      words: ["--loads", "nowhere.json"],
      says: /^replicant: nowhere\.json: cannot be read \(/,
    },
    {
      name: "a manifest of traces",
      words: ["--loads", "traces/manifest.json"],
      says: /^replicant: traces\/manifest\.json: there is no field 'files'$/m,
    },
    {
      name: "an unknown split",
      words: ["--split", "all"],
      says: /--split must be one of train, validation, test, was: 'all'/,
    },
    {
      name: "to write a part",
      words: ["--write", "x.json", "--split", "test"],
      says: /^replicant: --split and --write exclude each other$/m,
    },
    {
      name: "to write where no traces are",
      words: ["--write", "services/x.json"],
      says: /^replicant: services\/azure2019_d01_http_per_minute\.csv: cannot be read \(/,
    },
  ]) {
    test(`refuses ${name}`, async (t) => {
      const { code, stderr } = await runCommand(t, ["loads", ...words]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    });
  }
});
