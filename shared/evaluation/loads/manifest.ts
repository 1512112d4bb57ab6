/** The manifest of loads on disk. */
import { readLoads } from "../../sim/loads/read-loads.ts";
import type { LoadRecipe, LoadSplit } from "../../sim/loads/recipe.ts";
import { textOf } from "../files/text-of.ts";

/** The shipped load manifest. */
export const DEFAULT_LOADS = "traces/loads.json";

/** Throws `BadInputError` with one sentence: file, load, field and value. */
export async function readLoadsFile(file: string): Promise<readonly LoadRecipe[]> {
  return readLoads(file, await textOf(file));
}

/** Those of a split; with a limit so many of them, evenly over the list, so that every family has a chance. */
export function loadsOfSplit(
  recipes: readonly LoadRecipe[],
  split: LoadSplit,
  limit: number | null,
): readonly LoadRecipe[] {
  const all = recipes.filter((recipe) => recipe.split === split);
  if (limit === null || limit >= all.length) return all;
  return Array.from({ length: limit }, (_, i) => all[Math.floor((i * all.length) / limit)]!);
}

const ABOUT =
  "Loads at their native rates: parts of the traces beside this file laid over one another, or made up, each with the " +
  "function it calls. train: tuning and training; validation: choosing; test: reported, never tuned on. No owner of an " +
  "Azure function and no other source is in two splits. Written by 'replicant loads --write'; README.md says how a load " +
  "is made from its recipe.";

/** A load a line, so that a change shows as what it is. */
export function loadsText(recipes: readonly LoadRecipe[]): string {
  const lines = recipes.map((recipe) => `    ${JSON.stringify(recipe)}`);
  return `{\n  "about": ${JSON.stringify(ABOUT)},\n  "loads": [\n${lines.join(",\n")}\n  ]\n}\n`;
}
