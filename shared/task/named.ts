/** Closed sets of things with names: one table each, and one sentence for a name that is not in it. */
import { BadInputError } from "../core/errors.ts";

/** The entry of that name. Throws `BadInputError` that lists the known names. */
export function named<Entry>(kind: string, table: Readonly<Record<string, Entry>>, name: string): Entry {
  if (Object.hasOwn(table, name)) return table[name]!;
  throw new BadInputError(`the ${kind} must be one of ${Object.keys(table).join(", ")}, was: '${name}'`);
}
