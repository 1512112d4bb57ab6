/** Where a function's latency histogram gets an edge of its own: at its SLO, so that the share of late requests is counted exactly. */
import { readManagedFunction } from "#shared/core/managed-function.ts";
import type { Provider } from "../../provider/types.ts";

/**
 * Real seconds: at time-lapse k an SLO of 3 s is over after 3/k of them. Null for a function that is not there or that nobody
 * manages.
 */
export function sloEdgeOf(provider: Pick<Provider, "get">, timeLapse: number): (functionName: string) => number | null {
  return (functionName) => {
    const deployment = provider.get(functionName)?.deployment;
    if (!deployment) return null;
    const { service: name, labels, annotations } = deployment;
    const { managed } = readManagedFunction({ name, labels, annotations });
    // Divided as the collector divides, or the edge would lie next to the SLO that it asks for.
    return managed === undefined ? null : managed.slo.seconds / timeLapse;
  };
}
