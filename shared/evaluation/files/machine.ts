/** Where a result was made. */
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";

import { version } from "../../core/version.ts";

/** What ran. */
export interface Versions {
  readonly replicant: string;
  readonly node: string;
}

/** Where it ran. */
export interface Machine {
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** The versions of Replicant and Node that run now. */
export const versions = (): Versions => ({ replicant: version, node: process.version });

/** The machine that this process runs on. */
export function machine(): Machine {
  return {
    system: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
}
