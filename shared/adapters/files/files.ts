/** The file operations that durable state is made of; a port, so that a test can fail, cut or end at any one of them. */

/** An open file; positions are the end of the file. */
export interface OpenFile {
  sizeBytes(): Promise<number>;
  /** How many bytes were taken, which may be fewer than there are. */
  write(bytes: Uint8Array): Promise<number>;
  truncate(sizeBytes: number): Promise<void>;
  /** Resolves when the content would survive a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Operations reject with the system's error (`code`), except where absence is an ordinary answer. */
export interface Files {
  /** Makes what is missing; the topmost folder that was made, undefined when all were there. */
  makeFolder(path: string, mode: number): Promise<string | undefined>;
  /** Names, sorted; none when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Whether anything has this name. */
  exists(path: string): Promise<boolean>;
  /** A new file, open for writing; rejects with EEXIST. */
  create(path: string, mode: number): Promise<OpenFile>;
  /** A file to be written at its end; made when missing. */
  openAtEnd(path: string, mode: number): Promise<OpenFile>;
  /** Replaces what is at `to`, unless that is a folder with something in it. */
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file; rejects with EEXIST. */
  link(from: string, to: string): Promise<void>;
  /** No error when it is missing; a folder goes with all that is in it. */
  remove(path: string): Promise<void>;
  /** Resolves when the folder's names would survive a power cut. */
  syncFolder(path: string): Promise<void>;
}

/** The code of a file system error, `ENOSPC` for instance; undefined for any other error. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : undefined;
}
