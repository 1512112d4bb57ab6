/** A load as a recipe: a few lines of text from which one trace, and the function it calls, are made again exactly. */
import type { SpreadLaw } from "../../traces/spread.ts";
import type { ProfileName } from "../profiles.ts";
import type { Family } from "../workloads/families.ts";

/** The splits of the load manifest. */
export const LOAD_SPLITS = ["train", "validation", "test"] as const;
/** One of `LOAD_SPLITS`. */
export type LoadSplit = (typeof LOAD_SPLITS)[number];

/** No count is multiplied by more than this: what is larger is another load, not more of the same. */
export const MAX_TIMES = 3;

interface RecipeBase {
  readonly name: string;
  readonly split: LoadSplit;
  readonly family: Family;
  /** Whole windows of 30 s. */
  readonly durationSeconds: number;
  /** Of all that is drawn for it, beyond the trace files. */
  readonly seed: number;
  readonly function: FunctionRecipe;
}

/** Parts of recorded traces, laid over one another. */
export interface RecordedRecipe extends RecipeBase {
  readonly parts: readonly PartRecipe[];
  /** Absent: `DEFAULT_SPREAD`. */
  readonly spread?: SpreadLaw;
}

/** Made up: its family's shape, drawn by the seed, at this mean rate. */
export interface MadeUpRecipe extends RecipeBase {
  readonly meanRps: number;
}

/** How a load is made: of recorded traces, or drawn from a family. */
export type LoadRecipe = RecordedRecipe | MadeUpRecipe;

/** A part of a recorded load: where in which trace it is taken. */
export interface PartRecipe {
  /** File name beside the manifest. */
  readonly file: string;
  /** Parts of the file, each laid over the others as a function of its own; absent: all of it as one. */
  readonly select?: readonly string[];
  /** Where in the trace it begins; after the trace's end comes its beginning. */
  readonly fromSeconds: number;
  /** Absent: as long as the load. */
  readonly seconds?: number;
  /** Where in the load it begins; absent: 0. */
  readonly atSeconds?: number;
  /** So many for each arrival: 2 or 3. */
  readonly times?: number;
  /** The share of the arrivals that is kept, below 1. */
  readonly share?: number;
}

/** A profile that exists, or a function drawn for the load, in full. */
export type FunctionRecipe = ProfileName | DrawnFunction;

/** The function that was drawn for a load. */
export interface DrawnFunction {
  /** Mean CPU-seconds of a call, and its spread. */
  readonly cpuSeconds: number;
  readonly sleepSeconds: number;
  readonly workCv: number;
  readonly sloSeconds: number;
  readonly cpuLimitCores: number;
  /** Calls at once in one replica; 0: no limit. */
  readonly maxInflight: number;
  readonly targetInFlight: number;
  readonly startMedianSeconds: number;
  readonly startSigma: number;
  readonly maxReplicas: number;
}

/** Whether the load is made of recorded traces. */
export const isRecorded = (recipe: LoadRecipe): recipe is RecordedRecipe => "parts" in recipe;

/** `file` or `file#selection`, once for each trace that the part lays over the others. */
export function referencesOf({ file, select }: PartRecipe): string[] {
  return select ? select.map((selection) => `${file}#${selection}`) : [file];
}
