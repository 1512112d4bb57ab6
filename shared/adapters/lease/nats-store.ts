/** A lease's record in a key-value bucket of JetStream; the key's revision is its version. */
import { JetStreamApiError } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";

import type { Clock } from "../../core/clock.ts";
import { openBucket } from "../nats/bucket.ts";
import { openConnection, type ConnectionOptions } from "../nats/connection.ts";
import { findJetStream } from "../nats/stream.ts";
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
  // A connection of its own: what the bus has to carry does not delay a renewal.
  const connection = await openConnection(options, clock, log);
  const { nc } = connection;
  const jsm = await findJetStream(nc);
  if (!jsm) {
    await connection.close();
    return null;
  }
  let opened: Promise<KV> | null = null;
  /** Made again where the server came back without its store. */
  const bucket = () =>
    (opened ??= openBucket(nc, jsm, { bucket: options.bucket, timeoutMs: ANSWER_WITHIN_MS }).catch(
      (thrown: unknown) => {
        opened = null;
        throw thrown;
      },
    ));
  connection.onReconnect(() => (opened = null));

  async function inTime<T>(work: (kv: KV) => Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = clock.sleep(ANSWER_WITHIN_MS, done.signal).then(() => {
      throw new Error("NATS did not answer in time");
    });
    late.catch(() => {});
    try {
      return await Promise.race([bucket().then(work), late]);
    } finally {
      done.abort();
    }
  }

  return {
    kind: "nats",
    read: () =>
      inTime(async (kv): Promise<StoredLease | null> => {
        const entry = await kv.get(options.key);
        if (entry === null || entry.operation !== "PUT") return null;
        return { version: String(entry.revision), record: recordIn(entry.value) };
      }),
    write: (record, expected) =>
      inTime(async (kv) => {
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
    close: () => connection.close(),
  };
}

function recordIn(bytes: Uint8Array): LeaseRecord {
  try {
    return parseRecord(JSON.parse(new TextDecoder().decode(bytes))) ?? FOREIGN;
  } catch {
    return FOREIGN;
  }
}
