/** A log that keeps silent. */
import type { Log } from "#shared/host/log.ts";

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
