/** What `evaluate`, `tune` and `simulate` were asked for, checked: every problem in one go. */
import { availableParallelism } from "node:os";

import { BadInputError } from "../core/errors.ts";
import { MANAGED_DEFAULTS } from "../core/managed-function.ts";
import { SLO_PERCENTILES, type SloPercentile } from "../core/slo.ts";
import { TRACE_FORMATS, type TraceFormat } from "../traces/trace.ts";
import type { GuardSwitch } from "../sim/scaler.ts";
import type { FlagReader } from "../config/flags.ts";
import { DEFAULT_MANIFEST, readManifest, splitEntries, SPLITS, type Split } from "./files/manifest.ts";

/** Flags that the commands share. */
export interface MatrixFlags {
  readonly traces?: string;
  readonly split?: string;
  readonly manifest?: string;
  readonly loads?: string;
  readonly limit?: string;
  readonly format?: string;
  readonly rateScales?: string;
  readonly seeds?: string;
  readonly guard?: string;
  readonly startCost?: string;
  readonly percentile?: string;
  readonly workers?: string;
  readonly out?: string;
  readonly json?: boolean;
}

export interface EvaluateFlags extends MatrixFlags {
  readonly policies?: string;
  readonly profiles?: string;
  /** `sim` or `live`; what follows belongs to the latter. */
  readonly env?: string;
  readonly function?: string;
  readonly fromWindow?: string;
  readonly windows?: string;
  readonly settleWindows?: string;
}

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
  readonly workers: number;
  readonly out: string | null;
  readonly json: boolean;
}

const GUARD = ["on", "off"] as const;
const MAX_SEEDS = 1000;
const PRICES = { least: 0, most: 86_400 } as const;

/** `defaultSeeds`: so many from 1 on. Problems go to the reader; call its `done`. */
export function readMatrixFlags(flags: MatrixFlags, read: FlagReader, defaultSeeds: number): MatrixOptions {
  const traces = read.list("traces", flags.traces);
  const split = flags.split === undefined ? null : read.choice("split", flags.split, SPLITS, "train");
  if (traces.length > 0 && split !== null) read.problem("--traces and --split exclude each other");
  if (flags.traces === undefined && flags.loads === undefined && split === null) {
    read.problem(`--traces is missing: which files? Or --split, one of ${SPLITS.join(", ")}`);
  }
  const scale = { least: 0.0001, most: 1_000_000 };
  return {
    loads: readLoadsFlags(flags, split, read),
    traces,
    split,
    manifest: flags.manifest ?? DEFAULT_MANIFEST,
    format: flags.format === undefined ? undefined : read.choice("format", flags.format, TRACE_FORMATS, "counts-30s"),
    rateScales: flags.rateScales === undefined ? null : read.numbers("rate-scales", flags.rateScales, [1], scale),
    seeds: readSeeds(flags.seeds, defaultSeeds, read),
    guard: read.choice("guard", flags.guard, GUARD, "on"),
    startCostSeconds: read.number("start-cost", flags.startCost, MANAGED_DEFAULTS.startCostSeconds, PRICES),
    percentile: flags.percentile === undefined ? null : readPercentile(flags.percentile, read),
    workers: read.number("workers", flags.workers, availableParallelism(), { least: 1, most: 256, whole: true }),
    out: flags.out ?? null,
    json: flags.json ?? false,
  };
}

function readPercentile(text: string, read: FlagReader): SloPercentile | null {
  const percentile = SLO_PERCENTILES.find((one) => String(one) === text.trim());
  if (percentile === undefined)
    read.problem(`--percentile must be one of ${SLO_PERCENTILES.join(", ")}, was: '${text}'`);
  return percentile ?? null;
}

/** Loads bring all that these flags say of traces. */
function readLoadsFlags(flags: MatrixFlags, split: Split | null, read: FlagReader): LoadsChoice | null {
  const limit = read.number("limit", flags.limit, 0, { least: 1, most: 100_000, whole: true });
  if (flags.loads === undefined) {
    if (flags.limit !== undefined) read.problem("--limit belongs to --loads");
    return null;
  }
  const { traces, manifest, format, rateScales } = flags;
  for (const [name, given] of Object.entries({ traces, manifest, format, "rate-scales": rateScales })) {
    if (given !== undefined) read.problem(`--loads and --${name} exclude each other`);
  }
  if (split === null) {
    read.problem(`--split is missing: which of the loads? One of ${SPLITS.join(", ")}`);
    return null;
  }
  return { file: flags.loads, split, limit: flags.limit === undefined ? null : limit };
}

/** `5` is 1…5; `11-15` is 11…15. */
function readSeeds(text: string | undefined, otherwise: number, read: FlagReader): number[] {
  const [, first = "1", last] = /^(?:(\d{1,9})-)?(\d{1,9})$/.exec(text ?? String(otherwise)) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (last === undefined || from < 1 || to < from || to - from >= MAX_SEEDS) {
    read.problem(`--seeds must be a count, or a range such as 11-15, of at most ${MAX_SEEDS} seeds, was: '${text}'`);
    return [1];
  }
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Traces with their rate scales: those of the command line, else of the manifest's split, else `otherwise`. */
export async function scaledTraces(options: MatrixOptions, otherwise: readonly number[]): Promise<ScaledTrace[]> {
  const { traces, split, manifest, rateScales } = options;
  if (split === null) return traces.map((trace) => ({ trace, rateScales: rateScales ?? otherwise }));
  const entries = splitEntries(manifest, await readManifest(manifest), split);
  if (entries.length === 0) throw new BadInputError(`${manifest}: splits.${split} is empty`);
  return entries.map(({ trace, rateScale }) => ({ trace, rateScales: rateScales ?? [rateScale] }));
}
