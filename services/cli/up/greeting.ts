/** The first lines that a platform shows to people. */
import type { LocalPlatform } from "./local-platform.ts";

/** Holds the password, on purpose: never for anything but a person's own terminal. */
export function greeting({ platform, bus }: Pick<LocalPlatform, "platform" | "bus">): string[] {
  return [
    `gateway   ${platform.url}/ui/   user ${platform.user}, password in the file basic-auth-password of the home folder`,
    `          faas-cli login --gateway ${platform.url} --password '${platform.password}'`,
    `          or eval "$(npm run -s replicant -- env)"`,
    `bus       ${bus.describe()}`,
    `limits    ${platform.limits}`,
  ];
}
