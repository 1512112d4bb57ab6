/** Half a replica cannot be had. */

/** Rounded up; what is whole but for binary fractions (4.5 ÷ (5 · 0.9)) stays as it is. */
export function wholeReplicas(wanted: number): number {
  return Math.max(0, Math.ceil(wanted - 1e-9));
}
