/** Composes the manifest of loads: the same text from the same traces. */
import { join } from "node:path";

import { BadInputError } from "../../../core/errors.ts";
import { seededRandom } from "../../../core/random.ts";
import { familyOf } from "../../../sim/loads/classify.ts";
import { drawFunction } from "../../../sim/loads/draw-function.ts";
import { traceOfRecipe, type TraceOf } from "../../../sim/loads/load.ts";
import { demandOf } from "../../../sim/loads/need.ts";
import { LOAD_SPLITS, type LoadRecipe, type LoadSplit } from "../../../sim/loads/recipe.ts";
import { FAMILIES } from "../../../sim/workloads/families.ts";
import { azureOwners } from "../../../traces/formats/azure-per-minute.ts";
import { textOf } from "../../files/text-of.ts";
import { tracesIn } from "../traces.ts";
import { AZURE_FILE, azureDraft, type AzureFunction } from "./azure.ts";
import type { Plan } from "./draft.ts";
import { madeUpDraft } from "./made-up.ts";
import { splitOfOwner } from "./owners.ts";
import {
  drescaleDraft,
  llmDraft,
  nasaDraft,
  RECORDED_FILES,
  seedDraft,
  servibenchDraft,
  twitterDraft,
} from "./recorded.ts";

/** Whatever is drawn again and again without a load is a mistake in a draft. */
const ATTEMPTS = 300;

/** The same recipes from the same traces of a folder. Throws `BadInputError` for a trace that cannot be used. */
export async function composeFrom(folder: string): Promise<LoadRecipe[]> {
  const text = await textOf(join(folder, AZURE_FILE));
  const owners = azureOwners({ name: AZURE_FILE, text, selection: null });
  return composeLoads(await tracesIn(folder, [AZURE_FILE, ...Object.values(RECORDED_FILES)]), owners);
}

/** `owners`: of each Azure function, row by row. */
function composeLoads(traceOf: TraceOf, owners: readonly string[]): LoadRecipe[] {
  const numbers = new Map<string, number>();
  const recipes: LoadRecipe[] = [];
  for (const split of LOAD_SPLITS) {
    for (const plan of plansOf(split, functionsOf(split, traceOf, owners))) {
      for (let index = 0; index < plan.count; index++) {
        const number = (numbers.get(plan.source) ?? 0) + 1;
        numbers.set(plan.source, number);
        recipes.push(compose(plan, { split, index, number, seed: recipes.length + 1 }, traceOf));
      }
    }
  }
  return recipes;
}

/** A source is in one split only; Azure's functions are split by their owners, and what is made up by its seeds. */
function plansOf(split: LoadSplit, azure: readonly AzureFunction[]): Plan[] {
  const [days, madeUp] = { train: [4, 16], validation: [2, 4], test: [2, 3] }[split] as [number, number];
  const own: Record<LoadSplit, Plan[]> = {
    train: [
      { source: "azure", count: 90, draft: azureDraft(azure, days) },
      { source: "drescale", count: 5, draft: drescaleDraft(azure) },
    ],
    validation: [
      { source: "azure", count: 20, draft: azureDraft(azure, days) },
      { source: "servibench", count: 8, draft: servibenchDraft },
    ],
    test: [
      { source: "azure", count: 14, draft: azureDraft(azure, days) },
      { source: "twitter", count: 12, draft: twitterDraft },
      { source: "nasa", count: 10, draft: nasaDraft },
      { source: "seed", count: 4, draft: seedDraft },
      { source: "llm", count: 3, draft: llmDraft },
    ],
  };
  return [...own[split], ...FAMILIES.map((family) => ({ source: "made", count: madeUp, draft: madeUpDraft(family) }))];
}

function functionsOf(split: LoadSplit, traceOf: TraceOf, owners: readonly string[]): AzureFunction[] {
  return owners.flatMap((owner, i) => {
    if (splitOfOwner(owner) !== split) return [];
    const select = `row=${i + 1}`;
    const trace = traceOf(`${AZURE_FILE}#${select}`);
    return trace.kind === "binned" ? [{ select, counts: trace.counts }] : [];
  });
}

interface Place {
  readonly split: LoadSplit;
  /** Within its plan. */
  readonly index: number;
  /** Within its source. */
  readonly number: number;
  readonly seed: number;
}

/** Draws until there is a load that a function can be busy with, neither idle nor torn by its peaks. */
function compose({ source, draft }: Plan, { split, index, number, seed }: Place, traceOf: TraceOf): LoadRecipe {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const random = seededRandom(`loads/${source}/${number}/${attempt}`);
    const drafted = draft(random, index);
    if (drafted === null) continue;
    const unnamed = { name: source, split, seed, family: "steady" as const, ...drafted, function: "stress" as const };
    const demand = demandOf(traceOfRecipe(unnamed, traceOf), drafted.durationSeconds);
    if (demand.calls === 0) continue;
    const family = "family" in drafted ? drafted.family : familyOf(demand);
    const drawn = drawFunction(demand, family, random.fork("function"));
    if (drawn === null) continue;
    const name = `${source}-${family}-${String(number).padStart(3, "0")}`;
    const { durationSeconds, ...rest } = drafted;
    return { name, split, family, durationSeconds, seed, ...rest, function: drawn };
  }
  throw new BadInputError(`loads: no load number ${number} of '${source}' was found in ${ATTEMPTS} draws`);
}
