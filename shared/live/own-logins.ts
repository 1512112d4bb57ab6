/** What the commands beside a platform log in to its bus with: files of the home, which no function mounts. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { BusCredentials } from "../adapters/nats/credentials.ts";
import { readLogin, type BusAccount, secretNameOf } from "../events/bus-logins.ts";
import { readIfThere } from "./if-there.ts";

const folderOf = (home: string) => join(home, "bus", "logins");

/** In place of what a former run left there. */
export function writeOwnLogins(home: string, files: Readonly<Record<string, string>>): void {
  const folder = folderOf(home);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
}

/** As that account where the bus is the platform's own, else as everybody on somebody else's. */
export function readOwnLogin(home: string, account: BusAccount): BusCredentials {
  const file = (name: string) => readIfThere(join(folderOf(home), name)) || null;
  const login = readLogin(file(secretNameOf(account)) ?? "");
  if (login) return { user: login.name, password: login.password };
  return {
    ...{ token: file("nats-token"), user: file("nats-user"), password: file("nats-password") },
    ...{ creds: file("nats-creds"), nkeySeed: file("nats-nkey") },
    tls: { ca: file("nats-ca"), cert: file("nats-cert"), key: file("nats-key") },
  };
}
