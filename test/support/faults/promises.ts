/** What must hold whatever happens, asserted on what a test read from the bus. */
import assert from "node:assert/strict";

import type { Applied } from "#shared/core/decision.ts";
import { isDecidable, type MetricsWindow } from "#shared/core/window.ts";

export interface Recorded {
  readonly windows: readonly MetricsWindow[];
  readonly applied: readonly Applied[];
}

/** What was asked of the platform, or else would have been: null where a decision held. */
const wanted = ({ applied, desired }: Applied): number | null => applied ?? desired;

/** The decisions that took a count down although its window lacked what a policy needs. */
export function scaleDownsOnMissing({ windows, applied }: Recorded): Applied[] {
  const key = (functionName: string, seq: number, atMs: number) => `${functionName}/${seq}/${atMs}`;
  const blind = new Set(
    windows.filter((one) => !isDecidable(one)).map((one) => key(one.functionName, one.seq, one.endedAtMs)),
  );
  return applied.filter((one) => {
    const after = wanted(one);
    if (one.seq === null || one.current === null || after === null) return false;
    return after < one.current && blind.has(key(one.functionName, one.seq, one.atMs));
  });
}

/** No scale-down on missing data, no count below the last safe one, and every decision says why. */
export function assertPromises(
  recorded: Recorded,
  { safe, functionName }: { readonly safe?: number; readonly functionName?: string } = {},
): void {
  const decisions = recorded.applied.filter((one) => functionName === undefined || one.functionName === functionName);
  assert.deepEqual(
    scaleDownsOnMissing(recorded).map(({ decisionId, reason }) => `${decisionId}: ${reason}`),
    [],
    "a count went down on missing data",
  );
  const below = safe === undefined ? [] : decisions.filter((one) => (wanted(one) ?? safe) < safe);
  assert.deepEqual(
    below.map(({ decisionId, reason }) => `${decisionId}: ${reason}`),
    [],
    `a decision went below the last safe count of ${safe}`,
  );
  const unexplained = decisions.filter(({ reason, stages }) => reason.trim() === "" || stages.length === 0);
  assert.deepEqual(
    unexplained.map(({ decisionId }) => decisionId),
    [],
    "a decision does not say why",
  );
}
