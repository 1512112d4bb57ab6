/** What an evaluation, a search or a simulation runs on. */
import { BadInputError } from "../core/errors.ts";
import type { SloPercentile } from "../core/slo.ts";
import type { GuardSwitch } from "../sim/scaler.ts";
import type { TraceFormat } from "../traces/trace.ts";
import { readManifest, splitEntries, type Split } from "./files/manifest.ts";

/** A trace, and the factors that its rates are scaled by. */
export interface ScaledTrace {
  readonly trace: string;
  readonly rateScales: readonly number[];
}

/** The loads of a split, each with its function. */
export interface LoadsChoice {
  readonly file: string;
  readonly split: Split;
  /** At most so many, evenly over the list; null: all. */
  readonly limit: number | null;
}

/** The options that choose cells and seeds. */
export interface MatrixOptions {
  /** Null: traces. */
  readonly loads: LoadsChoice | null;
  readonly traces: readonly string[];
  readonly split: Split | null;
  readonly manifest: string;
  readonly format: TraceFormat | undefined;
  /** Null: not said. */
  readonly rateScales: readonly number[] | null;
  readonly seeds: readonly number[];
  readonly guard: GuardSwitch;
  /** What a replica's start costs, replica-seconds. */
  readonly startCostSeconds: number;
  /** Of every SLO, in place of its own; null: its own. */
  readonly percentile: SloPercentile | null;
  /** Worker threads; the result does not depend on them. */
  readonly workers: number;
}

/** Traces with their rate scales: those of the command line, else of the manifest's split, else `otherwise`. */
export async function scaledTraces(
  options: Pick<MatrixOptions, "traces" | "split" | "manifest" | "rateScales">,
  otherwise: readonly number[],
): Promise<ScaledTrace[]> {
  const { traces, split, manifest, rateScales } = options;
  if (split === null) return traces.map((trace) => ({ trace, rateScales: rateScales ?? otherwise }));
  const entries = splitEntries(manifest, await readManifest(manifest), split);
  if (entries.length === 0) throw new BadInputError(`${manifest}: splits.${split} is empty`);
  return entries.map(({ trace, rateScale }) => ({ trace, rateScales: rateScales ?? [rateScale] }));
}
