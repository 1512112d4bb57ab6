/** Small statistics of measurements; every one is null where there is nothing to say it about. */

/** The value below which `share` of the values lie, interpolated between neighbours (R's type 7). */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

/** The median; null of no values. */
export const median = (values: readonly number[]): number | null => quantile(values, 0.5);

/** A measured and a modelled value of the same thing; a pair with an absence is no pair. */
export interface Pair {
  readonly measured: number | null;
  readonly modelled: number | null;
}

/** Median of |modelled − measured|. */
export function medianAbsoluteError(pairs: readonly Pair[]): number | null {
  return median(known(pairs).map(({ measured, modelled }) => Math.abs(modelled - measured)));
}

/** Median of |modelled − measured| ÷ measured; pairs with a measured 0 have no relative error, unless both are 0. */
export function medianRelativeError(pairs: readonly Pair[]): number | null {
  return median(
    known(pairs).flatMap(({ measured, modelled }) => {
      if (measured === 0) return modelled === 0 ? [0] : [];
      return [Math.abs(modelled - measured) / Math.abs(measured)];
    }),
  );
}

function known(pairs: readonly Pair[]): { readonly measured: number; readonly modelled: number }[] {
  return pairs.flatMap(({ measured, modelled }) =>
    measured !== null && modelled !== null ? [{ measured, modelled }] : [],
  );
}
