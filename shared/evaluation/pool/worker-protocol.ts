/** What the pool and its workers say to each other. */
import type { Trace } from "../../traces/trace.ts";
import type { RunJob } from "../matrix.ts";
import type { Run } from "../run.ts";
import type { SimProfile } from "../../sim/profiles.ts";
import type { GuardSwitch } from "../../sim/scaler.ts";

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
