/** What an evaluation or a search runs on: traces × profiles × rate scales, or the loads of a split, each with its function. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";

import { BadInputError } from "../../core/errors.ts";
import { loadOf } from "../../sim/loads/load.ts";
import type { LoadRecipe } from "../../sim/loads/recipe.ts";
import type { SimProfile } from "../../sim/profiles.ts";
import { splitReference } from "../../traces/load-trace.ts";
import { loadsOfSplit, readLoadsFile } from "../loads/manifest.ts";
import { referencesIn, tracesFor } from "../loads/traces.ts";
import { scaledTraces, type LoadsChoice, type MatrixOptions } from "../options.ts";
import type { MatrixCell } from "../pool/run-matrix.ts";
import { dataSelection, digestOfFile, loadNamedTraces, type NamedTrace, type TraceIdentity } from "./traces.ts";

/** `profiles` and `otherwise` (rate scales) where there are traces; loads bring their own. Throws `BadInputError`. */
export async function cellsOf(
  options: MatrixOptions,
  profiles: readonly SimProfile[],
  otherwise: readonly number[],
): Promise<MatrixCell[]> {
  if (options.loads !== null) return cellsOfLoads(options.loads);
  const scaled = await scaledTraces(options, otherwise);
  const traces = await loadNamedTraces(
    scaled.map(({ trace }) => trace),
    options.format,
  );
  return traces.flatMap((trace, i) =>
    profiles.flatMap((profile) => scaled[i]!.rateScales.map((rateScale) => ({ trace, profile, rateScale }))),
  );
}

/** The same cells on an evaluation's terms: what a replica's start costs, and which share of the requests must keep the SLO. */
export function onTerms(
  cells: readonly MatrixCell[],
  { startCostSeconds, percentile }: Pick<MatrixOptions, "startCostSeconds" | "percentile">,
): MatrixCell[] {
  return cells.map((cell) => {
    const slo = { ...cell.profile.slo, percentile: percentile ?? cell.profile.slo.percentile };
    return { ...cell, profile: { ...cell.profile, startCostSeconds, slo } };
  });
}

async function cellsOfLoads({ file, split, limit }: LoadsChoice): Promise<MatrixCell[]> {
  const recipes = loadsOfSplit(await readLoadsFile(file), split, limit);
  if (recipes.length === 0) throw new BadInputError(`${file}: there is no load of split '${split}'`);
  const folder = dirname(file);
  const traceOf = await tracesFor(folder, recipes);
  const digests = new Map<string, Promise<string>>();
  const digestOf = (name: string) => {
    const known = digests.get(name) ?? digestOfFile(join(folder, name));
    digests.set(name, known);
    return known;
  };
  return Promise.all(
    recipes.map(async (recipe) => {
      const { trace, profile } = loadOf(recipe, traceOf);
      const named: NamedTrace = { ...identityOf(recipe), trace, madeOf: await partsOf(recipe, digestOf) };
      return { trace: named, profile, rateScale: 1 };
    }),
  );
}

/** A load is known by its recipe: with the traces that it names, that is all there is to it. */
function identityOf(recipe: LoadRecipe): TraceIdentity {
  const digest = createHash("sha256").update(JSON.stringify(recipe)).digest("hex");
  return { name: recipe.name, digest, selection: null };
}

async function partsOf(recipe: LoadRecipe, digestOf: (name: string) => Promise<string>): Promise<TraceIdentity[]> {
  return Promise.all(
    referencesIn(recipe).map(async (name) => {
      const { path, selection } = splitReference(name);
      return { name, digest: await digestOf(path), selection: dataSelection(selection) };
    }),
  );
}
