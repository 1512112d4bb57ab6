/** What the platform itself says of the functions under Replicant's care: names, modes, policies, bounds. No event may say otherwise. */
import type { ManagedFunction } from "../core/managed-function.ts";

/** The functions under Replicant's care, as they are listed now. */
export interface ManagedListing {
  readonly managed: readonly ManagedFunction[];
  /** One sentence for each annotation that cannot be read. */
  readonly problems: readonly string[];
}

/** Lists the functions under Replicant's care. */
export interface ManagedFunctions {
  /** Rejects when the platform does not answer. */
  list(): Promise<ManagedListing>;
}
