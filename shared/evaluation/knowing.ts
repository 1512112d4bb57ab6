/** Policies that know what none can: they run on every cell and seed, asked for or not, and compete with none. */

/** Knows the load and ignores the SLO: a scale for replica counts. */
export const REFERENCE_POLICY = "oracle";
/** Keeps the SLO with perfect knowledge: what costs are a multiple of. */
export const FORESIGHT_POLICY = "foresight";

/** Either of them, with whatever options. */
export function isBoundName(policy: string): boolean {
  return policy === FORESIGHT_POLICY || /^oracle([:@]|$)/.test(policy);
}
