/** A scale target that `SCALE_TARGET` may name. To add one: a file beside this, and its line in `all.ts`. */
import type { SettingName, SettingValue } from "#shared/config/settings.ts";
import type { Workload } from "#shared/host/workload.ts";
import type { ManagedFunctions } from "#shared/ports/managed-functions.ts";
import type { ScaleTarget } from "#shared/ports/scale-target.ts";

/** Where replica counts are set, and the platform's list of managed functions. */
export interface ScaledPlatform {
  readonly target: ScaleTarget;
  readonly functions: ManagedFunctions;
}

/** What a scale target needs, and how it is opened. */
export interface ScaleTargetKind<K extends SettingName> {
  /** The settings that it reads. */
  readonly settings: readonly K[];
  /** Of `LEASE=auto`, where NATS keeps no lease: where several scalers agree on the one that acts. */
  readonly leaseWithoutNats: Exclude<SettingValue<"LEASE">, "auto" | "nats">;
  open(workload: Workload<K>): Promise<ScaledPlatform>;
}

/** Infers the settings' names. */
export function scaleTargetKind<K extends SettingName>(kind: ScaleTargetKind<K>): ScaleTargetKind<K> {
  return kind;
}
