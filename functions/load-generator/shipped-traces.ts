/** The traces that travel with the function: a folder, of which only listed names can be read. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { BadInputError } from "#shared/core/errors.ts";
import type { Trace } from "#shared/traces/trace.ts";
import { loadTrace, splitReference } from "#shared/traces/load-trace.ts";

/** The traces that are part of the bundle, by name. */
export interface ShippedTraces {
  names(): Promise<readonly string[]>;
  /** `<name>` or `<name>#<selection>`. Throws `BadInputError` for a name that is not in the list. */
  load(reference: string): Promise<Trace>;
}

/** What lies beside the traces and says which of them are for what. */
const MANIFESTS: readonly string[] = ["manifest.json", "loads.json"];

/** The traces in the files of `folder`. */
export function shippedTraces(folder: string): ShippedTraces {
  const isTrace = (name: string) => /\.(json|csv)$/.test(name) && !MANIFESTS.includes(name);
  const names = async () => (await readdir(folder).catch(() => [])).filter(isTrace).sort();
  return {
    names,
    async load(reference) {
      const { path: name, selection } = splitReference(reference);
      const known = await names();
      if (!known.includes(name)) {
        throw new BadInputError(`trace must be one of ${known.join(", ") || "(none)"}, was '${name.slice(0, 80)}'`);
      }
      const trace = await loadTrace(join(folder, reference));
      return { ...trace, name: selection === null ? name : `${name}#${selection}` };
    },
  };
}
