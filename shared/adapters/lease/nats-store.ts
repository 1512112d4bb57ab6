/** A lease's record in a key-value bucket of JetStream; the key's revision is its version. */
import { JetStreamApiError } from "@nats-io/jetstream";

import type { Clock } from "../../core/clock.ts";
import type { ConnectionOptions } from "../nats/connection.ts";
import { ownBucket } from "../nats/own-bucket.ts";
import { parseRecord, type LeaseRecord, type LeaseStore, type StoredLease } from "./record.ts";

export interface NatsLeaseOptions extends ConnectionOptions {
  /** `replicant-lease` for the subject prefix `replicant`. */
  readonly bucket: string;
  readonly key: string;
}

/** An answer later than this is of no use to a holder. */
const ANSWER_WITHIN_MS = 1_000;
const WRONG_LAST_SEQUENCE = 10071;

const FOREIGN: LeaseRecord = { holder: "unknown", fencing: 0, takeAfterMs: 0 };

/** Null when the server has no JetStream. Resolves when connected. */
export async function natsLeaseStore(
  options: NatsLeaseOptions,
  clock: Clock,
  log: (message: string) => void,
): Promise<LeaseStore | null> {
  const bucket = await ownBucket(options, { bucket: options.bucket, timeoutMs: ANSWER_WITHIN_MS }, clock, log);
  if (!bucket) return null;
  return {
    kind: "nats",
    read: () =>
      bucket.inTime(async (kv): Promise<StoredLease | null> => {
        const entry = await kv.get(options.key);
        if (entry === null || entry.operation !== "PUT") return null;
        return { version: String(entry.revision), record: recordIn(entry.value) };
      }),
    write: (record, expected) =>
      bucket.inTime(async (kv) => {
        const bytes = new TextEncoder().encode(JSON.stringify(record));
        try {
          const revision =
            expected === null
              ? await kv.create(options.key, bytes)
              : await kv.update(options.key, bytes, Number(expected));
          return String(revision);
        } catch (thrown) {
          if (thrown instanceof JetStreamApiError && thrown.code === WRONG_LAST_SEQUENCE) return null;
          throw thrown;
        }
      }),
    close: () => bucket.close(),
  };
}

function recordIn(bytes: Uint8Array): LeaseRecord {
  try {
    return parseRecord(JSON.parse(new TextDecoder().decode(bytes))) ?? FOREIGN;
  } catch {
    return FOREIGN;
  }
}
