/** `replicant loads`: lists the manifest of loads as a table, or writes it anew from the shipped traces. */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { azureOwners } from "#shared/traces/formats/azure-per-minute.ts";
import { loadOf } from "#shared/sim/loads/load.ts";
import { LOAD_SPLITS, type LoadRecipe } from "#shared/sim/loads/recipe.ts";
import { readFlags } from "#shared/config/flags.ts";
import { COMPOSED_FILES, composeLoads } from "#shared/evaluation/loads/compose/compose.ts";
import { AZURE_FILE } from "#shared/evaluation/loads/compose/azure.ts";
import { DEFAULT_LOADS, loadsOfSplit, loadsText, readLoadsFile } from "#shared/evaluation/loads/manifest.ts";
import { lineOf, loadsTable, summaryTable } from "#shared/evaluation/loads/table.ts";
import { textOf } from "#shared/evaluation/loads/text-of.ts";
import { tracesFor, tracesIn } from "#shared/evaluation/loads/traces.ts";

export interface LoadsFlags {
  readonly loads?: string;
  readonly split?: string;
  readonly write?: string;
  readonly json?: boolean;
}

export interface LoadsWorld {
  readonly say: (line: string) => void;
  readonly answer: (json: string) => void;
}

/** Throws `BadInputError` for a manifest or a trace that cannot be used. */
export async function loadsCommand(flags: LoadsFlags, world: LoadsWorld): Promise<void> {
  const read = readFlags();
  const split = flags.split === undefined ? null : read.choice("split", flags.split, LOAD_SPLITS, "train");
  for (const [name, given] of Object.entries({ loads: flags.loads, split: flags.split, json: flags.json })) {
    if (flags.write !== undefined && given !== undefined) read.problem(`--write and --${name} exclude each other`);
  }
  read.done();
  if (flags.write !== undefined) {
    const recipes = await composeFrom(dirname(flags.write));
    await writeFile(flags.write, loadsText(recipes));
    return world.say(`${flags.write}: ${recipes.length} loads`);
  }
  const file = flags.loads ?? DEFAULT_LOADS;
  const all = await readLoadsFile(file);
  const recipes = split === null ? all : loadsOfSplit(all, split, null);
  const traceOf = await tracesFor(dirname(file), recipes);
  const lines = recipes.map((recipe) => lineOf(loadOf(recipe, traceOf)));
  if (flags.json) return world.answer(JSON.stringify(lines));
  for (const line of [...loadsTable(lines), "", ...summaryTable(lines)]) world.say(line);
}

/** From the traces of this folder. */
export async function composeFrom(folder: string): Promise<LoadRecipe[]> {
  const text = await textOf(join(folder, AZURE_FILE));
  const owners = azureOwners({ name: AZURE_FILE, text, selection: null });
  return composeLoads(await tracesIn(folder, COMPOSED_FILES), owners);
}
