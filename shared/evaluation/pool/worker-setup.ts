/** What every worker of a pool gets when it starts. */
import type { Trace } from "../../traces/trace.ts";
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
