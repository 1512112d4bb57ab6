/** The error of a disk that does not take what it is given, as one sentence for people. */
import { messageOf } from "#shared/core/errors.ts";
import { errnoOf } from "./files.ts";

/** Nothing was changed; the same call works again once the disk takes it. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** The system's word: `ENOSPC`, `EROFS`, `EIO` …; null when it had none. */
  readonly code: string | null;

  /** `what` and a verb: "secret 'x' could not be stored". */
  constructor(what: string, cause: unknown) {
    super(`${what}: ${diskProblem(cause)}`, { cause });
    this.code = (cause instanceof StorageError ? cause.code : errnoOf(cause)) ?? null;
  }
}

const SENTENCES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EIO: "the disk reports an error",
  EACCES: "there is no permission to write there",
  EPERM: "there is no permission to write there",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
};

/** "the disk is full" and the like; the system's own sentence where there is no better one. */
export function diskProblem(thrown: unknown): string {
  const code = errnoOf(thrown) ?? "";
  return Object.hasOwn(SENTENCES, code) ? SENTENCES[code]! : messageOf(thrown);
}

/** Runs `work`; what the disk refuses becomes a `StorageError`. */
export async function stored<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new StorageError(what, thrown);
  }
}
