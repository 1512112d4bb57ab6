/** A file system that fails at the n-th of its writing operations: with an error, a part of a write, a full disk, or the end of the process. */
import type { Files, OpenFile } from "#shared/adapters/files/files.ts";

/**
 * `error`: that operation alone fails. `full`, `read-only`: from it on, until `heal`. `torn`: half of the write, then death;
 * `kill`: death before the operation, after which nothing happens any more.
 */
export type Fault = "error" | "full" | "read-only" | "torn" | "kill";
export const FAULTS: readonly Fault[] = ["error", "full", "read-only", "torn", "kill"];

/** Counted from 1. */
export interface FaultPlan {
  readonly at: number;
  readonly fault: Fault;
}

/** What a dead process would have gone on with never happened; whoever catches it must pass it on. */
export class KilledError extends Error {
  override readonly name = "KilledError";
}

export interface FaultyFiles extends Files {
  /** Names of the writing operations so far. */
  readonly operations: readonly string[];
  /** Ends a lasting fault: there is space again. */
  heal(): void;
}

/** What needs space; renaming and removing does not. */
const NEEDS_SPACE = new Set(["makeFolder", "create", "openAtEnd", "write", "link"]);

export function faultyFiles(inner: Files, plan: FaultPlan | null): FaultyFiles {
  const operations: string[] = [];
  let isHealed = false;
  const failure = (code: string) => Object.assign(new Error(`${code}: as planned`), { code });

  /** Throws what is planned for this operation; true when a write is to take only a half. */
  const step = (name: string): boolean => {
    operations.push(name);
    if (!plan || operations.length < plan.at) return false;
    const isFirst = operations.length === plan.at;
    const { fault } = plan;
    if (fault === "kill" || (fault === "torn" && (!isFirst || name !== "write"))) throw new KilledError(name);
    if (fault === "torn") return true;
    if (isHealed) return false;
    if (fault === "error" && isFirst) throw failure("EIO");
    if (fault === "read-only") throw failure("EROFS");
    if (fault === "full" && isFirst && name === "write") return true;
    if (fault === "full" && NEEDS_SPACE.has(name)) throw failure("ENOSPC");
    return false;
  };

  const wrapped = (file: OpenFile): OpenFile => ({
    sizeBytes: () => file.sizeBytes(),
    async write(bytes) {
      if (!step("write")) return file.write(bytes);
      const half = Math.floor(bytes.length / 2);
      if (half > 0) await file.write(bytes.subarray(0, half));
      if (plan!.fault === "torn") throw new KilledError("write");
      if (half === 0) throw failure("ENOSPC");
      return half;
    },
    async truncate(sizeBytes) {
      step("truncate");
      return file.truncate(sizeBytes);
    },
    async sync() {
      step("sync");
      return file.sync();
    },
    close: () => file.close(), // the system closes what a dead process had open
  });

  return {
    get operations() {
      return operations;
    },
    heal: () => void (isHealed = true),
    list: (folder) => inner.list(folder),
    read: (path) => inner.read(path),
    exists: (path) => inner.exists(path),
    async makeFolder(path, mode) {
      // A folder that is there needs no writing.
      if (!(await inner.exists(path))) step("makeFolder");
      return inner.makeFolder(path, mode);
    },
    async create(path, mode) {
      step("create");
      return wrapped(await inner.create(path, mode));
    },
    async openAtEnd(path, mode) {
      step("openAtEnd");
      return wrapped(await inner.openAtEnd(path, mode));
    },
    async rename(from, to) {
      step("rename");
      return inner.rename(from, to);
    },
    async link(from, to) {
      step("link");
      return inner.link(from, to);
    },
    async remove(path) {
      step("remove");
      return inner.remove(path);
    },
    async syncFolder(path) {
      step("syncFolder");
      return inner.syncFolder(path);
    },
  };
}
