/** A small load for the evaluation's tests: twenty minutes with a quiet beginning, a burst and a gap. */
import type { BinnedTrace } from "#shared/traces/trace.ts";
import { resolvePolicy } from "#shared/evaluation/policies.ts";
import { evaluateRun, scheduleOf, type Cell, type Run, type RunOptions } from "#shared/evaluation/run.ts";
import { simProfile } from "#shared/sim/profiles.ts";

export const SMALL_TRACE: BinnedTrace = {
  kind: "binned",
  format: "counts-30s",
  name: "small",
  binSeconds: 30,
  counts: [
    ...Array<number>(12).fill(20),
    ...Array<number>(12).fill(120),
    ...Array<number>(10).fill(0),
    40,
    40,
    40,
    40,
    40,
    40,
  ],
};

export const SMALL_CELL: Cell = { trace: SMALL_TRACE, profile: simProfile("stress"), rateScale: 1 };

export async function runSmall(
  policy: string,
  changes: Partial<RunOptions> & { readonly cell?: Cell } = {},
): Promise<Run> {
  const { cell = SMALL_CELL, seed = 1, ...rest } = changes;
  const schedule = scheduleOf(cell, seed);
  const resolved = await resolvePolicy(policy);
  return evaluateRun({
    schedule,
    profile: cell.profile,
    policy: resolved,
    seed,
    guard: "on",
    detail: "totals",
    ...rest,
  });
}
