/** A benchmark prints rows; `main.ts` runs the sections one after another. */

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The goal, and how the value was had. */
  readonly note?: string;
}

export interface Section {
  readonly name: string;
  readonly run: () => Promise<readonly Row[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
