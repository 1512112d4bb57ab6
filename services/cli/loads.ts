/** `replicant loads`: lists the manifest of loads as a table, or writes it anew from the shipped traces. */
import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { readFlags } from "#shared/config/flags.ts";
import { composeFrom } from "#shared/evaluation/loads/compose/compose.ts";
import { DEFAULT_LOADS, loadsOfSplit, loadsText, readLoadsFile } from "#shared/evaluation/loads/manifest.ts";
import { lineOf, loadsTable, summaryTable } from "#shared/evaluation/loads/table.ts";
import { tracesFor } from "#shared/evaluation/loads/traces.ts";
import { loadOf } from "#shared/sim/loads/load.ts";
import { LOAD_SPLITS } from "#shared/sim/loads/recipe.ts";
import { command } from "./command.ts";

export default command({
  name: "loads",
  description: "the loads that policies are trained and judged on: their rates, functions and needs",
  options: {
    "--loads <file>": "another manifest of loads (default traces/loads.json)",
    "--split <name>": "only train, validation or test",
    "--write <file>": "compose the manifest anew from the traces in this file's folder, and write it there",
    "--json": "print the lines as JSON, and nothing else, on stdout",
  },
  async run({ loads, split: named, write, json }, world) {
    const read = readFlags();
    const split = read.choice("split", named, LOAD_SPLITS, null);
    if (write !== undefined) read.refuse({ loads, split: named, json }, "and --write exclude each other");
    read.done();
    if (write !== undefined) {
      const recipes = await composeFrom(dirname(write));
      await writeFile(write, loadsText(recipes));
      return world.say(`${write}: ${recipes.length} loads`);
    }
    const file = loads ?? DEFAULT_LOADS;
    const all = await readLoadsFile(file);
    const recipes = split === null ? all : loadsOfSplit(all, split, null);
    const traceOf = await tracesFor(dirname(file), recipes);
    const lines = recipes.map((recipe) => lineOf(loadOf(recipe, traceOf)));
    if (json) return world.answer(JSON.stringify(lines));
    for (const line of [...loadsTable(lines), "", ...summaryTable(lines)]) world.say(line);
  },
});
