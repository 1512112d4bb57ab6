/** What the bus remembers in the home folder: passwords and port stay the same from run to run, and a lost server is found again. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { BUS_ACCOUNTS, type BusAccount, type BusPasswords } from "#shared/events/bus-logins.ts";

/** The content of the file. */
export interface BusMemory {
  readonly passwords: BusPasswords;
  readonly port: number | null;
  /** The server and the process that started it, when there is a server of its own. */
  readonly pid: number | null;
  readonly ownerPid: number | null;
}

const FILE = "bus.json";

/** Fresh passwords where there is no file, or none in it that can be read. */
export async function recall(folder: string): Promise<BusMemory> {
  const blank: BusMemory = { passwords: passwordsOf({}), port: null, pid: null, ownerPid: null };
  try {
    const known = JSON.parse(await readFile(join(folder, FILE), "utf8")) as Partial<Record<keyof BusMemory, unknown>>;
    const number = (value: unknown) =>
      typeof value === "number" && Number.isInteger(value) && value > 0 ? value : null;
    return {
      passwords: passwordsOf((known.passwords ?? {}) as Readonly<Record<string, unknown>>),
      port: number(known.port),
      pid: number(known.pid),
      ownerPid: number(known.ownerPid),
    };
  } catch {
    return blank;
  }
}

function passwordsOf(known: Readonly<Record<string, unknown>>): BusPasswords {
  const password = (account: BusAccount) => {
    const before = known[account];
    return typeof before === "string" && /^[\w-]{32,}$/.test(before) ? before : randomBytes(24).toString("base64url");
  };
  return Object.fromEntries(BUS_ACCOUNTS.map((account) => [account, password(account)])) as Record<BusAccount, string>;
}

/** Replaces the file. */
export async function remember(folder: string, memory: BusMemory): Promise<void> {
  await writePrivately(folder, FILE, `${JSON.stringify(memory)}\n`);
}

/** Mode 600 from its first byte, and never half-written. */
export async function writePrivately(folder: string, name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  const draft = `${file}.${process.pid}.new`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
  return file;
}

/** The process of the bus's own server, as noted in the home; null where there is none. */
export async function busServerPid(home: string): Promise<number | null> {
  return (await recall(join(home, "bus"))).pid;
}
