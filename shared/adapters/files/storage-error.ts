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

/** "the disk is full" and the like; the system's own sentence where there is no better one. */
export function diskProblem(thrown: unknown): string {
  switch (errnoOf(thrown)) {
    case "ENOSPC":
      return "the disk is full";
    case "EDQUOT":
      return "the disk quota is used up";
    case "EROFS":
      return "the file system is read-only";
    case "EIO":
      return "the disk reports an error";
    case "EACCES":
    case "EPERM":
      return "there is no permission to write there";
    case "EMFILE":
    case "ENFILE":
      return "too many files are open";
    default:
      return messageOf(thrown);
  }
}

/** Runs `work`; what the disk refuses becomes a `StorageError`. */
export async function stored<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new StorageError(what, thrown);
  }
}
