/** `ManagedFunctions` from the gateway's list. */
import { readManagedFunction } from "../../core/managed-function.ts";
import type { FunctionGateway } from "../../ports/function-gateway.ts";
import type { ManagedFunctions } from "../../ports/managed-functions.ts";

/** Those of the listed functions that have Replicant's annotations. */
export function openfaasManagedFunctions(gateway: Pick<FunctionGateway, "list">): ManagedFunctions {
  return {
    async list() {
      const readings = (await gateway.list()).map(readManagedFunction);
      return {
        managed: readings.flatMap(({ managed }) => managed ?? []),
        problems: readings.flatMap(({ problems }) => problems),
      };
    },
  };
}
