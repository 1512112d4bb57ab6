/** The checkpoints that travel with a bundle, by the name of their folder, and checkpoints anywhere by absolute path. */
import { readdir } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

import { BadInputError } from "../../core/errors.ts";
import type { ModelSource } from "../../ports/model-registry.ts";
import { fileModelStore } from "../model-store.ts";

/** Of several forms of one agent the one that a bare name means. */
const PREFERRED = "corrected";

/** The checkpoints in the folders of `folder`, each by its folder's name. */
export function shippedModels(folder: string): ModelSource {
  async function names(): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  }
  return {
    names,
    async read(source) {
      if (isAbsolute(source)) return fileModelStore(source).read(null);
      const known = await names();
      // `lstm-ppo-plus@corrected` and the folder `lstm-ppo-plus-corrected` are one.
      const wanted = source.replace("@", "-");
      const name = [wanted, `${wanted}-${PREFERRED}`].find((one) => known.includes(one));
      if (name === undefined)
        throw new BadInputError(`no model is called '${source}'; shipped are ${known.join(", ") || "none"}`);
      return fileModelStore(join(folder, name)).read(null);
    },
  };
}
