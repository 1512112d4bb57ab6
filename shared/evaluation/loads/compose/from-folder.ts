/** The manifest of loads, composed from the traces of a folder. */
import { join } from "node:path";

import type { LoadRecipe } from "../../../sim/loads/recipe.ts";
import { azureOwners } from "../../../traces/formats/azure-per-minute.ts";
import { textOf } from "../text-of.ts";
import { tracesIn } from "../traces.ts";
import { AZURE_FILE } from "./azure.ts";
import { COMPOSED_FILES, composeLoads } from "./compose.ts";

/** The same recipes from the same traces. Throws `BadInputError` for a trace that cannot be used. */
export async function composeFrom(folder: string): Promise<LoadRecipe[]> {
  const text = await textOf(join(folder, AZURE_FILE));
  const owners = azureOwners({ name: AZURE_FILE, text, selection: null });
  return composeLoads(await tracesIn(folder, COMPOSED_FILES), owners);
}
