/** What a training is: an agent, what it learns on, for how long, and where its checkpoints go. */
import type { AgentName, Form } from "../rl/agents.ts";
import type { ProfileName } from "../sim/profiles.ts";
import type { EngineName } from "./collect.ts";

/** What `train` does. */
export interface TrainOptions {
  readonly env: "sim" | "live";
  readonly agent: AgentName;
  readonly form: Form;
  /** Empty: those of the manifest's training split. */
  readonly traces: readonly string[];
  readonly manifest: string;
  /** Null: the manifest's, or 1. */
  readonly rateScale: number | null;
  /** Empty: as the form has it. */
  readonly profiles: readonly ProfileName[];
  /** Of the environment, all together. */
  readonly steps: number;
  /** Of everything. */
  readonly seed: string;
  readonly engine: EngineName;
  /** Threads, this one included; the result does not depend on them. */
  readonly workers: number;
  /** Steps between two checkpoints. */
  readonly checkpointEvery: number;
  /** The folder of checkpoints and logs. */
  readonly out: string;
  readonly resume: boolean;
  /** The checkpoint to go on from; null: the latest. */
  readonly step: number | null;
  /** Writes the last checkpoint alone, without what going on takes, and no logs. */
  readonly servingOnly: boolean;
  /** Live: null is the first that is managed. */
  readonly functionName: string | null;
  /** Live: windows between two updates. */
  readonly rolloutSteps: number;
}

/** What `TrainOptions` come to where they are left out. */
export const TRAIN_DEFAULTS = {
  checkpointSteps: 20_000,
  /** A step is a window: so many are four hours of trace time, an update every half hour. */
  live: { steps: 480, rolloutSteps: 60 },
  /** At most: more threads bring little. */
  workers: 4,
} as const;
