/** What contenders write for each other to read. No instant is in it: nobody's clock need agree with anybody's. */

/** Who holds the lease, as it is stored. */
export interface LeaseRecord {
  /** Who has it; null when it was given back. */
  readonly holder: string | null;
  /** Of this holder; the next one's is higher. */
  readonly fencing: number;
  /** Others leave an unrenewed record alone for so long, on their own clocks. */
  readonly takeAfterMs: number;
}

/** A record and its version in the store: every write makes a new one. */
export interface StoredLease {
  readonly record: LeaseRecord;
  readonly version: string;
}

/** A place that several processes reach and where a write can be made to depend on what was read. */
export interface LeaseStore {
  readonly kind: string;
  /** Null when nothing is there. Rejects when the store does not answer. */
  read(): Promise<StoredLease | null>;
  /** The new version; null when what is there is not `expected` any more (null: nothing). Rejects when it is not known. */
  write(record: LeaseRecord, expected: string | null): Promise<string | null>;
  close(): Promise<void>;
}

/** Null for anything that is not a record: it counts as someone else's until it changes. */
export function parseRecord(value: unknown): LeaseRecord | null {
  const { holder, fencing, takeAfterMs } = (value ?? {}) as Partial<Record<keyof LeaseRecord, unknown>>;
  const known = holder === null || typeof holder === "string";
  if (!known || !Number.isSafeInteger(fencing) || typeof takeAfterMs !== "number" || !(takeAfterMs >= 0)) return null;
  return { holder, fencing: fencing as number, takeAfterMs };
}
