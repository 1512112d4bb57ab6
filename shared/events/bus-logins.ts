/** How the users of the table log in: names, passwords, and the one line of a secret that holds both. */
import { ADMIN, BUS_USER_NAMES, type BusUser } from "./bus-users.ts";

/** One way in: a name of the table (or `admin`) and its password. */
export interface BusLogin {
  readonly name: string;
  readonly password: string;
}

/** Who logs in on a bus of ours. */
export type BusAccount = BusUser | typeof ADMIN;

/** All accounts, `admin` first. */
export const BUS_ACCOUNTS: readonly BusAccount[] = [ADMIN, ...BUS_USER_NAMES];

/** A password for each account. */
export type BusPasswords = Readonly<Record<BusAccount, string>>;

/** Every account under its first name. */
export function loginsOf(passwords: BusPasswords): BusLogin[] {
  return BUS_ACCOUNTS.map((name) => ({ name, password: passwords[name] }));
}

/** What a secret of one account holds: its name and its password in one line, so that both change at once. */
export function loginText({ name, password }: BusLogin): string {
  return `${name}:${password}`;
}

/** Null for a text that is no such line. */
export function readLogin(text: string): BusLogin | null {
  const at = text.indexOf(":");
  return at < 1 ? null : { name: text.slice(0, at), password: text.slice(at + 1).trim() };
}

/** The name of the secret with an account's login. */
export function secretNameOf(account: BusAccount): string {
  return `nats-${account}`;
}
