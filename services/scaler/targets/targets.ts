/** The scale target that the settings name. */
import type { Workload } from "#shared/host/workload.ts";
import { ConfigError } from "#shared/core/errors.ts";
import * as SCALE_TARGETS from "./all.ts";
import type { ScaledPlatform } from "./kind.ts";

type Kind = (typeof SCALE_TARGETS)[keyof typeof SCALE_TARGETS];
type TargetSetting = Kind["settings"][number] | "SCALE_TARGET";

/** The settings that any scale target reads. */
export const TARGET_SETTINGS: readonly TargetSetting[] = [
  "SCALE_TARGET",
  ...Object.values(SCALE_TARGETS).flatMap<TargetSetting>(({ settings }) => settings),
];

/** Throws `ConfigError` for a name that no scale target has. */
export function scaleTargetNamed(name: string): Kind {
  if (Object.hasOwn(SCALE_TARGETS, name)) return SCALE_TARGETS[name as keyof typeof SCALE_TARGETS];
  throw new ConfigError([`SCALE_TARGET must be one of ${Object.keys(SCALE_TARGETS).join(", ")}, was: '${name}'`]);
}

/** The platform that the settings name. Rejects as its kind does. */
export async function platformOf(workload: Workload<TargetSetting>): Promise<ScaledPlatform> {
  return scaleTargetNamed(workload.settings.SCALE_TARGET).open(workload);
}
