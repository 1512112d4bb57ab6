/** `ManagedFunctions` from the gateway's list. */
import type { FunctionGateway } from "../../ports/function-gateway.ts";
import { listingOf, type ManagedFunctions } from "../../ports/managed-functions.ts";

/** Those of the listed functions that have Replicant's annotations. */
export function openfaasManagedFunctions(gateway: Pick<FunctionGateway, "list">): ManagedFunctions {
  return { list: async () => listingOf(await gateway.list()) };
}
