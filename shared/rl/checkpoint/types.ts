/** A checkpoint: what was learned, how, and what going on takes. */
import type { NormalisationStatistics } from "../normalisation.ts";
import type { NetworkSpec, Weights } from "../engine/network.ts";
import type { OptimiserState } from "../engine/types.ts";
import type { AgentSettings } from "../agents.ts";
import type { TrainingState } from "../training.ts";

/** The number versions the meaning of every field: it grows when one of them changes. */
export const CHECKPOINT_FORMAT = "replicant-checkpoint-1";

/** A trace that was trained on, so that it can be found again. */
export interface TraceRecord {
  readonly name: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  /** The part of the file; null: all of it. */
  readonly selection: string | null;
}

/** `training.json`, but for what only going on needs. */
export interface TrainingRecord {
  readonly settings: AgentSettings;
  readonly network: NetworkSpec;
  readonly statistics: NormalisationStatistics | null;
  readonly seed: string;
  readonly steps: number;
  readonly rounds: number;
  /** The total that the schedules are computed from. */
  readonly totalSteps: number;
  readonly engine: string;
  /** Makes this checkpoint again. */
  readonly command: string;
  readonly traces: readonly TraceRecord[];
  /** SHA-256 of the weights (32-bit floats, in their order) after the first round: shows early whether the command still makes it. */
  readonly early: { readonly steps: number; readonly digest: string } | null;
  /** Whatever was measured of it; null when nothing was. */
  readonly evaluation: Readonly<Record<string, unknown>> | null;
}

/** What lets the training go on where it ended. */
export interface Continuation {
  readonly optimiser: OptimiserState;
  readonly state: TrainingState;
}

/** A trained network, how it was trained, and what training needs to go on. */
export interface Checkpoint {
  readonly record: TrainingRecord;
  readonly weights: Weights;
  /** Null where it was left out: a checkpoint that only serves. */
  readonly continuation: Continuation | null;
}

/** The files by name, as a `ModelStore` keeps them. */
export type CheckpointFiles = Readonly<Record<string, Uint8Array>>;
