/** A text in a key-value bucket of JetStream. */
import type { KV } from "@nats-io/kv";

import type { Clock } from "../../core/clock.ts";
import type { TextStore } from "../../ports/text-store.ts";
import { openBucket } from "./bucket.ts";
import { openConnection, type ConnectionOptions } from "./connection.ts";
import { findJetStream } from "./stream.ts";

export interface NatsTextOptions extends ConnectionOptions {
  /** `replicant-control` for the subject prefix `replicant`. */
  readonly bucket: string;
  readonly key: string;
}

const ANSWER_WITHIN_MS = 1_000;

/** Null when the server has no JetStream. Resolves when connected. */
export async function natsTextStore(
  options: NatsTextOptions,
  clock: Clock,
  log: (message: string) => void,
): Promise<(TextStore & { close(): Promise<void> }) | null> {
  const connection = await openConnection(options, clock, log);
  const { nc } = connection;
  const jsm = await findJetStream(nc);
  if (!jsm) {
    await connection.close();
    return null;
  }
  let opened: Promise<KV> | null = null;
  const bucket = () =>
    (opened ??= openBucket(nc, jsm, { bucket: options.bucket, timeoutMs: ANSWER_WITHIN_MS }).catch(
      (thrown: unknown) => {
        opened = null;
        throw thrown;
      },
    ));
  connection.onReconnect(() => (opened = null));

  async function inTime<T>(work: (kv: KV) => Promise<T>): Promise<T> {
    if (connection.state() !== "connected") throw new Error("NATS is not connected");
    const done = new AbortController();
    const late = clock.sleep(ANSWER_WITHIN_MS, done.signal).then(() => {
      throw new Error("NATS did not answer in time");
    });
    late.catch(() => {});
    const working = bucket().then(work);
    working.catch(() => {}); // May lose the race, and then rejects unheard.
    try {
      return await Promise.race([working, late]);
    } finally {
      done.abort();
    }
  }

  return {
    place: `key-value bucket ${options.bucket}`,
    read: () =>
      inTime(async (kv) => {
        const entry = await kv.get(options.key);
        return entry === null || entry.operation !== "PUT" ? null : new TextDecoder().decode(entry.value);
      }),
    write: (text) => inTime(async (kv) => void (await kv.put(options.key, new TextEncoder().encode(text)))),
    close: () => connection.close(),
  };
}
