/** The flags that `evaluate`, `tune` and `simulate` share: what is run on, and on what terms. */
import { availableParallelism } from "node:os";

import type { FlagReader } from "#shared/config/flags.ts";
import { MANAGED_DEFAULTS } from "#shared/core/managed-function.ts";
import { SLO_PERCENTILES, type SloPercentile } from "#shared/core/slo.ts";
import { DEFAULT_MANIFEST, SPLITS, type Split } from "#shared/evaluation/files/manifest.ts";
import type { LoadsChoice, MatrixOptions } from "#shared/evaluation/options.ts";
import { TRACE_FORMATS } from "#shared/traces/trace.ts";
import type { FlagsOf } from "./command.ts";

/** What `--start-cost` means. */
export const START_COST = "what a replica's start costs, in replica-seconds (default 15)";

/** The options that say what is run on, and on what terms. */
export const MATRIX_OPTIONS = {
  "--traces <f,…>": "traces in any known format; '#' selects a part of one",
  "--split <name>": "the manifest's train, validation or test traces at their rate scales; or of --loads",
  "--manifest <file>": "another manifest (default traces/manifest.json)",
  "--loads <file>": "the loads of --split, each with its function, as traces/loads.json has them",
  "--limit <n>": "at most so many of the loads, evenly over the list",
  "--format <name>": "the traces' format, where detection is not wanted",
  "--rate-scales <x,…>": "multiply the traces' rates (evaluate: 1,4,10; tune: 1)",
  "--seeds <n|a-b>": "seeds 1…n, or a…b (evaluate: 5; tune: 2)",
  "--guard <on|off>": "whether the guard is between policies and platform (default on)",
  "--start-cost <seconds>": START_COST,
  "--percentile <percent>":
    "which share of the requests must keep the SLO: 90, 95, 99 or 99.9 (default: each function's own)",
  "--workers <n>": "worker threads (default: one for each core)",
} as const;

/** The flags of those options. */
export type MatrixFlags = FlagsOf<typeof MATRIX_OPTIONS>;

const GUARD = ["on", "off"] as const;
const MAX_SEEDS = 1000;

/** `defaultSeeds`: so many from 1 on. Problems go to the reader; call its `done`. */
export function readMatrixFlags(flags: MatrixFlags, read: FlagReader, defaultSeeds: number): MatrixOptions {
  const traces = read.list("traces", flags.traces);
  const split = flags.split === undefined ? null : read.choice("split", flags.split, SPLITS, "train");
  if (traces.length > 0 && split !== null) read.problem("--traces and --split exclude each other");
  if (flags.traces === undefined && flags.loads === undefined && split === null) {
    read.problem(`--traces is missing: which files? Or --split, one of ${SPLITS.join(", ")}`);
  }
  const prices = { least: 0, most: 86_400 };
  return {
    loads: readLoadsFlags(flags, split, read),
    traces,
    split,
    manifest: flags.manifest ?? DEFAULT_MANIFEST,
    format: read.choice("format", flags.format, TRACE_FORMATS, null) ?? undefined,
    rateScales: read.numbers("rate-scales", flags.rateScales, null, { least: 0.0001, most: 1_000_000 }),
    seeds: readSeeds(flags.seeds, defaultSeeds, read),
    guard: read.choice("guard", flags.guard, GUARD, "on"),
    startCostSeconds: read.number("start-cost", flags.startCost, MANAGED_DEFAULTS.startCostSeconds, prices),
    percentile: flags.percentile === undefined ? null : readPercentile(flags.percentile, read),
    workers: read.number("workers", flags.workers, availableParallelism(), { least: 1, most: 256, whole: true }),
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
  const limit = read.number("limit", flags.limit, null, { least: 1, most: 100_000, whole: true });
  if (flags.loads === undefined) {
    read.refuse({ limit: flags.limit }, "belongs to --loads");
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
  return { file: flags.loads, split, limit };
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
