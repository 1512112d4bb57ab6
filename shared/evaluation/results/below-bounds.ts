/** The check that ends an evaluation: no policy is better than what is possible. */
import { belowLowerBound } from "../bounds-of-cell.ts";
import type { EvaluationResult } from "./result.ts";
import { isSameCell } from "./table.ts";

/** A sentence for each row that keeps the SLO for less than its cell's lower bound, luck allowed for; none where all is well. */
export function belowBounds({ rows, cells }: Pick<EvaluationResult, "rows" | "cells">): string[] {
  return cells.flatMap((cell) => {
    const { foresight, trace, rateScale, profile } = cell;
    if (foresight === null) return [];
    const own = rows.filter((row) => isSameCell(row, cell));
    return belowLowerBound(own, foresight, cell).map(
      (policy) =>
        `'${policy}' keeps the SLO of ${trace} × ${rateScale}, profile ${profile}, for less than the lower bound ` +
        `${Math.round(foresight.lower!)}: the bound or the simulator is wrong`,
    );
  });
}
