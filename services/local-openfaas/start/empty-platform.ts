/** The platform alone, with nothing deployed and no bus: for measuring what it does. */
import type { StartEmptyPlatform } from "#shared/live/stack.ts";
import { startPlatform } from "../platform.ts";
import { cfsPeriodMicros } from "./local-platform.ts";

/** On failure nothing is left running. */
export const startEmptyPlatform: StartEmptyPlatform = async ({ home, dist, timeLapse, log }) => {
  const periodMicros = cfsPeriodMicros(timeLapse);
  const platform = await startPlatform({
    ...{ home, dist, port: 0, restore: false, cfsPeriodMicros: periodMicros },
    log: { info: log, warn: log },
  });
  return { ...platform, cfsPeriodSeconds: periodMicros / 1e6 };
};
