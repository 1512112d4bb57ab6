/** A colour for each policy, the same in every figure; bounds are grey. */

/** Apart for most eyes, and dark enough on white, light enough on black. */
const PALETTE = [
  "#2f6fde",
  "#d9730d",
  "#0f9d6c",
  "#b5459b",
  "#8a6d00",
  "#0097a7",
  "#d64550",
  "#6f5bd3",
  "#5f8a1f",
  "#a0522d",
];

/** Knows what no policy can. */
export const isBound = (policy) => /^(oracle([:@]|$)|foresight$)/.test(policy);

export function colourOf(policies) {
  const rivals = policies.filter((policy) => !isBound(policy));
  return (policy) => (isBound(policy) ? "#8b909a" : PALETTE[rivals.indexOf(policy) % PALETTE.length]);
}
