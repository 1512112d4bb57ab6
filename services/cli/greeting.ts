/** The first lines that a platform shows to people. */
import { join } from "node:path";

import { shellQuoted } from "#shared/deploy/shell.ts";
import type { RunningStack } from "#shared/live/stack.ts";

/** Where the password is, never the password: a terminal is recorded, shared and scrolled back. */
export function greeting({ platform, bus }: Pick<RunningStack, "platform" | "bus">, home: string): string[] {
  const passwordFile = join(home, "basic-auth-password");
  return [
    `gateway   ${platform.url}/ui/   user ${platform.user}, password in ${passwordFile}`,
    `          faas-cli login --gateway ${platform.url} --password-stdin < ${shellQuoted(passwordFile)}`,
    `          or eval "$(npm run -s replicant -- env)"`,
    `bus       ${bus.describe()}`,
    `limits    ${platform.limits}`,
  ];
}
