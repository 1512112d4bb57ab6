/** What the platform itself says of the functions under Replicant's care: names, modes, policies, bounds. No event may say otherwise. */
import { readManagedFunction, type Labelled, type ManagedFunction } from "../core/managed-function.ts";

/** The functions under Replicant's care, as they are listed now. */
export interface ManagedListing {
  readonly managed: readonly ManagedFunction[];
  /** One sentence for each annotation that cannot be read. */
  readonly problems: readonly string[];
}

/** What the platform's own list says. */
export function listingOf(functions: readonly Labelled[]): ManagedListing {
  const readings = functions.map(readManagedFunction);
  return {
    managed: readings.flatMap(({ managed }) => managed ?? []),
    problems: readings.flatMap(({ problems }) => problems),
  };
}

/** Lists the functions under Replicant's care. */
export interface ManagedFunctions {
  /** Rejects when the platform does not answer. */
  list(): Promise<ManagedListing>;
}
