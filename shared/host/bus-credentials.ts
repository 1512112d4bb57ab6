/** How a workload proves itself to the bus: secrets by value, and settings that name files; put together as plain data. */
import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";

import { SETTINGS } from "../config/settings.ts";
import { ConfigError } from "../core/errors.ts";
import { readLogin, type BusLogin } from "../events/bus-logins.ts";
import { BUS_USER_NAMES } from "../events/bus-users.ts";
import type { Workload } from "./workload.ts";

/** Everything a workload that speaks to the bus must be given. */
export const BUS_SETTINGS = [
  "NATS_URL",
  "REPLICANT_SUBJECT_PREFIX",
  "NATS_CREDS",
  "NATS_NKEY",
  "NATS_CA",
  "NATS_CERT",
  "NATS_KEY",
] as const;

type BusSetting = (typeof BUS_SETTINGS)[number];
type FileSetting = Extract<BusSetting, "NATS_CREDS" | "NATS_NKEY" | "NATS_CA" | "NATS_CERT" | "NATS_KEY">;

/** Texts, null where there is none. */
export interface BusCredentials {
  readonly token: string | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly creds: string | null;
  readonly nkeySeed: string | null;
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
}

/** Throws `ConfigError` for a file that a setting names and that cannot be read. */
export function busCredentials({
  settings,
  secret,
}: Pick<Workload<BusSetting>, "settings" | "secret">): BusCredentials {
  const problems: string[] = [];
  const file = (name: FileSetting): string | null => {
    const given = settings[name];
    // The default is a secret that may or may not be mounted; what somebody names must be there.
    const text = isAbsolute(given) ? readIfThere(given) : secret(given);
    if (text === null && given !== SETTINGS[name].fallback)
      problems.push(`${name} must be ${SETTINGS[name].range}, was: '${given}'`);
    return text;
  };
  const login = ownLogin(secret);
  const credentials = {
    token: secret("nats-token"),
    user: login?.name ?? secret("nats-user"),
    password: login?.password ?? secret("nats-password"),
    creds: file("NATS_CREDS"),
    nkeySeed: file("NATS_NKEY"),
    tls: { ca: file("NATS_CA"), cert: file("NATS_CERT"), key: file("NATS_KEY") },
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return credentials;
}

/** A part on a server with the users of the table has one secret, its own: `nats-scaler` holds `scaler:password`. */
function ownLogin(secret: (name: string) => string | null): BusLogin | null {
  const texts = BUS_USER_NAMES.map((user) => secret(`nats-${user}`));
  return readLogin(texts.find((text) => text !== null) ?? "");
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
