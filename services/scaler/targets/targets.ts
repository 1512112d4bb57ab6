/** The scale targets by the name that `SCALE_TARGET` gives them. */
import type { SettingName, SettingValue } from "#shared/config/settings.ts";
import type { Workload } from "#shared/host/workload.ts";
import type { ScaledPlatform, ScaleTargetKind } from "./kind.ts";
import { kubernetes } from "./kubernetes.ts";
import { openfaas } from "./openfaas.ts";

export const SCALE_TARGETS = {
  openfaas,
  kubernetes,
} satisfies Record<SettingValue<"SCALE_TARGET">, Omit<ScaleTargetKind<SettingName>, "open">>;

type TargetSetting = (typeof SCALE_TARGETS)[keyof typeof SCALE_TARGETS]["settings"][number] | "SCALE_TARGET";

export const TARGET_SETTINGS: readonly TargetSetting[] = [
  "SCALE_TARGET",
  ...Object.values(SCALE_TARGETS).flatMap<TargetSetting>(({ settings }) => settings),
];

/** The platform that the settings name. Rejects as its kind does. */
export function platformOf(workload: Workload<TargetSetting>): Promise<ScaledPlatform> {
  return SCALE_TARGETS[workload.settings.SCALE_TARGET].open(workload);
}
