/** What a process holds, as Linux counts it. */
import { readdirSync, readFileSync } from "node:fs";

export interface Memory {
  /** What would be free without this process (USS). */
  readonly privateMb: number;
  /** Private, and of each shared page the share of one of those that have it (PSS): these may be added up. */
  readonly proportionalMb: number;
  /** With all of the shared pages (RSS): the program's code counts again in each process. */
  readonly residentMb: number;
}

/** Null when the process is gone, or where there is no `smaps_rollup`. */
export function memoryOf(pid: number): Memory | null {
  const map = read(`/proc/${pid}/smaps_rollup`);
  if (map === null) return null;
  const mb = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(map)?.[1] ?? 0) / 1024;
  return { privateMb: mb("Private_Clean") + mb("Private_Dirty"), proportionalMb: mb("Pss"), residentMb: mb("Rss") };
}

/** The children of a process, theirs, and so on. */
export function descendantsOf(pid: number): number[] {
  const parents = readdirSync("/proc").flatMap((name) => {
    // Behind the program's name, which may hold blanks: state, parent.
    const parent = read(`/proc/${name}/stat`)?.split(") ").at(-1)?.split(" ")[1];
    return /^\d+$/.test(name) && parent !== undefined ? [[Number(name), Number(parent)] as const] : [];
  });
  const below = (of: number): number[] =>
    parents.filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

/** A variable of the environment that it was started with. */
export function environmentOf(pid: number, variable: string): string | null {
  const entry = read(`/proc/${pid}/environ`)
    ?.split("\0")
    .find((one) => one.startsWith(`${variable}=`));
  return entry?.slice(variable.length + 1) ?? null;
}

/** The program's file name, 15 characters at most. */
export function programOf(pid: number): string {
  return read(`/proc/${pid}/comm`)?.trim() ?? "gone";
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
