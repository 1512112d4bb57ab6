/** Tables as text. */

/** Columns under each other: those in `left` from the left, the others, which are numbers, from the right. */
export function columnsOf(grid: readonly (readonly string[])[], left: ReadonlySet<number> = new Set([0])): string[] {
  const widths = grid[0]!.map((_, column) => Math.max(...grid.map((line) => line[column]!.length)));
  return grid.map((line) =>
    line
      .map((text, column) => (left.has(column) ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}
