/** The trace files that recipes name, each read once. */
import { join } from "node:path";

import type { Trace } from "../../traces/trace.ts";
import { parseTrace } from "../../traces/formats/parse-trace.ts";
import { splitReference } from "../../traces/load-trace.ts";
import type { TraceOf } from "../../sim/loads/load.ts";
import { isRecorded, type LoadRecipe, referencesOf } from "../../sim/loads/recipe.ts";
import { textOf } from "../files/text-of.ts";

/** Reads the files of these recipes from the manifest's folder. Throws `BadInputError`. */
export async function tracesFor(folder: string, recipes: readonly LoadRecipe[]): Promise<TraceOf> {
  const files = recipes.flatMap((recipe) => (isRecorded(recipe) ? recipe.parts.map(({ file }) => file) : []));
  return tracesIn(folder, [...new Set(files)]);
}

/** A part of a file is parsed when it is asked for, and kept. */
export async function tracesIn(folder: string, files: readonly string[]): Promise<TraceOf> {
  const texts = new Map(
    await Promise.all(files.map(async (file) => [file, await textOf(join(folder, file))] as const)),
  );
  const traces = new Map<string, Trace>();
  return (reference) => {
    const known = traces.get(reference);
    if (known) return known;
    const { path, selection } = splitReference(reference);
    const trace = parseTrace(path, texts.get(path)!, selection);
    traces.set(reference, trace);
    return trace;
  };
}

/** The references that a recipe takes; none for what is made up. */
export function referencesIn(recipe: LoadRecipe): string[] {
  return isRecorded(recipe) ? [...new Set(recipe.parts.flatMap(referencesOf))] : [];
}
