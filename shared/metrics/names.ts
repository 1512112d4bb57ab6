/** Names of the gateway's metrics that only ever grow while its process lives. */
const COUNTED = /^gateway_(function_invocation_(started|total)|functions_seconds_(bucket|sum|count))$/;

/** Whether the metric of this name is a counter of the gateway that a process only ever raises. */
export function isCounted(name: string): boolean {
  return COUNTED.test(name);
}
