/** How to get on the platform's bus: our own by its token, somebody else's by what `NATS_URL` and its neighbours say. */
import { readFileSync } from "node:fs";

import type { BusCredentials } from "#shared/adapters/nats/credentials.ts";
import { parseServers } from "#shared/adapters/nats/servers.ts";
import { ConfigError } from "#shared/core/errors.ts";
import type { LocalBus } from "../../local-openfaas/bus/bus.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface BusAccess extends BusCredentials {
  /** Without credentials: it is told to functions and to people. */
  readonly servers: readonly string[];
  /** What functions must be given to get on it, too: secrets by name. At least one. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** The names that NATS's own command line uses: values, and files. Throws `ConfigError` for a file that cannot be read. */
export function busAccess(bus: Pick<LocalBus, "kind" | "url" | "token">, env: Environment): BusAccess {
  if (bus.kind !== "external") return accessBy([bus.url], { token: bus.token });
  const problems: string[] = [];
  const file = (name: string): string | null => {
    const path = env[name];
    if (!path) return null;
    try {
      return readFileSync(path, "utf8");
    } catch {
      problems.push(`${name} must be a file, was: '${path}'`);
      return null;
    }
  };
  const address = parseServers(bus.url);
  const credentials = {
    ...{ creds: file("NATS_CREDS"), nkeySeed: file("NATS_NKEY") },
    user: env["NATS_USER"] || address.user,
    password: env["NATS_PASSWORD"] || address.password,
    token: bus.token ?? address.token,
    tls: { ca: file("NATS_CA"), cert: file("NATS_CERT"), key: file("NATS_KEY") },
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return accessBy(address.spoken.split(","), credentials);
}

function accessBy(servers: readonly string[], credentials: BusCredentials): BusAccess {
  const { creds, nkeySeed, user, password, token, tls } = credentials;
  const values = {
    ...{
      "nats-creds": creds,
      "nats-nkey": nkeySeed,
      "nats-user": user,
      "nats-password": password,
      "nats-token": token,
    },
    ...{ "nats-ca": tls?.ca, "nats-cert": tls?.cert, "nats-key": tls?.key },
  };
  const given = Object.entries(values).flatMap(([name, value]) => (value ? [[name, value] as const] : []));
  // A stack names one secret for its bus even where the bus wants none.
  const secrets = given.length > 0 ? Object.fromEntries(given) : { "nats-token": "" };
  return { ...credentials, servers, secrets };
}

/** For the place in stack.yml that names the bus's secrets: one string between quotes, or several. */
export function secretNames({ secrets }: Pick<BusAccess, "secrets">): string {
  return Object.keys(secrets).join('", "');
}
