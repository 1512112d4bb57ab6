/** How to get on the platform's bus: our own as one of its users, somebody else's by what `NATS_URL` and its neighbours say. */
import { readFileSync } from "node:fs";

import type { BusCredentials } from "#shared/adapters/nats/credentials.ts";
import { loginText, secretNameOf, type BusAccount } from "#shared/events/bus-logins.ts";
import { parseServers } from "#shared/adapters/nats/servers.ts";
import { ConfigError } from "#shared/core/errors.ts";
import type { LocalBus } from "../bus/bus.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Addresses and logins of a bus. */
export interface BusAccess {
  /** Without credentials: it is shown to functions and to people. */
  readonly servers: readonly string[];
  /** What the parts must be given, secrets by name: each its own, or all the same. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What this platform's own processes and its commands log in with; not for parts. By name of a file. */
  readonly ownFiles: Readonly<Record<string, string>>;
  /** The secrets that every part mounts instead of its own, as stack.yml takes them: between quotes; empty for each its own. */
  readonly instead: string;
  as(account: BusAccount): BusCredentials & { readonly servers: readonly string[] };
}

/** Accounts that parts of a stack log in with. */
const PARTS: readonly BusAccount[] = [
  ...(["metrics-collector", "connector", "policy-inference"] as const),
  ...(["scaler", "trainer", "load-generator"] as const),
];
const OWN: readonly BusAccount[] = ["admin", "dashboard", "cli", "external"];

/** The names that NATS's own command line uses: values, and files. Throws `ConfigError` for a file that cannot be read. */
export function busAccess(bus: Pick<LocalBus, "kind" | "url" | "token" | "passwords">, env: Environment): BusAccess {
  const { passwords } = bus;
  if (passwords === null) return foreignAccess(bus, env);
  const servers = [bus.url];
  const filesOf = (accounts: readonly BusAccount[]) =>
    Object.fromEntries(
      accounts.map((name) => [secretNameOf(name), loginText({ name, password: passwords[name] })] as const),
    );
  return {
    ...{ servers, secrets: filesOf(PARTS), ownFiles: filesOf(OWN), instead: "" },
    as: (account) => ({ servers, user: account, password: passwords[account] }),
  };
}

function foreignAccess(bus: Pick<LocalBus, "url" | "token">, env: Environment): BusAccess {
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
  const servers = address.spoken.split(",");
  const secrets = secretsOf(credentials);
  const instead = Object.keys(secrets).join('", "');
  return { servers, secrets, ownFiles: secrets, instead, as: () => ({ ...credentials, servers }) };
}

function secretsOf({ creds, nkeySeed, user, password, token, tls }: BusCredentials): Record<string, string> {
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
  return given.length > 0 ? Object.fromEntries(given) : { "nats-token": "" };
}
