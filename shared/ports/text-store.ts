/** A place for one short text that outlives the process. */
export interface TextStore {
  /** Where it is, for sentences. */
  readonly place: string;
  /** Null when nothing was ever written. Rejects when that is not known. */
  read(): Promise<string | null>;
  /** Resolves when it would survive; rejects with what was there before. */
  write(text: string): Promise<void>;
}
