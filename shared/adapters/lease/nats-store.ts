/** A lease's record in a key-value bucket of JetStream; the key's revision is its version. */
import type { Clock } from "../../core/clock.ts";
import type { BucketAddress } from "../nats/connection.ts";
import { ownBucket } from "../nats/own-bucket.ts";
import { hasCode, WRONG_LAST_SEQUENCE } from "../nats/refusals.ts";
import { parseRecord, type LeaseRecord, type LeaseStore, type StoredLease } from "./record.ts";

/** An answer later than this is of no use to a holder. */
const ANSWER_WITHIN_MS = 1_000;

const FOREIGN: LeaseRecord = { holder: "unknown", fencing: 0, takeAfterMs: 0 };

/** Null when the server has no JetStream. Resolves when connected. */
export async function natsLeaseStore(
  options: BucketAddress & { readonly key: string },
  clock: Clock,
  log: (message: string) => void,
): Promise<LeaseStore | null> {
  const bucket = await ownBucket(options, { timeoutMs: ANSWER_WITHIN_MS }, clock, log);
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
          if (hasCode(thrown, WRONG_LAST_SEQUENCE)) return null;
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
