/** What the pool and its workers say to each other. */
import type { Trace } from "#shared/core/trace.ts";
import type { RunJob } from "#shared/evaluation/matrix.ts";
import type { Run } from "#shared/evaluation/run.ts";
import type { SimProfile } from "#shared/sim/profiles.ts";
import type { GuardSwitch } from "#shared/sim/scaler.ts";

/** Cells by index, traces once each: cloned into every worker. */
export interface WorkerSetup {
  readonly traces: readonly Trace[];
  readonly cells: readonly {
    readonly trace: number;
    readonly profile: SimProfile;
    readonly rateScale: number;
  }[];
  readonly guard: GuardSwitch;
  /** The models that travel with the bundles. */
  readonly modelsFolder: string;
}

export interface JobMessage {
  readonly index: number;
  readonly job: RunJob;
}

export type WorkerMessage =
  | { readonly kind: "progress"; readonly index: number; readonly share: number }
  | { readonly kind: "done"; readonly index: number; readonly run: Run }
  | { readonly kind: "failed"; readonly index: number; readonly name: string; readonly message: string };
