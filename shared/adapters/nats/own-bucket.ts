/** A key-value bucket over a connection of its own, asked with a deadline: what the bus has to carry delays nobody here. */
import type { KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";

import type { Clock } from "../../core/clock.ts";
import { openBucket, type BucketOptions } from "./bucket.ts";
import { openConnection, type Connection, type ConnectionOptions } from "./connection.ts";
import { findJetStream } from "./stream.ts";

/** A bucket over a connection of its own: what the bus has to carry does not delay it. */
export interface OwnBucket extends Pick<Connection, "state" | "close"> {
  readonly nc: NatsConnection;
  /** Does `work` on the bucket, opened again where the server came back without it; rejects after `timeoutMs` of the options. */
  inTime<T>(work: (kv: KV) => Promise<T>): Promise<T>;
  /** The bucket is gone: the next work opens it again. */
  forget(): void;
}

/** Null when the server has no JetStream. Resolves when connected. */
export async function ownBucket(
  options: ConnectionOptions,
  bucketOptions: BucketOptions,
  clock: Clock,
  log: (message: string) => void,
): Promise<OwnBucket | null> {
  const connection = await openConnection(options, clock, log);
  const { nc } = connection;
  const jsm = await findJetStream(nc);
  if (!jsm) {
    await connection.close();
    return null;
  }
  let opened: Promise<KV> | null = null;
  const forget = () => void (opened = null);
  const bucket = () =>
    (opened ??= openBucket(nc, jsm, { ...bucketOptions, mayMake: connection.user === null }).catch(
      (thrown: unknown) => {
        forget();
        throw thrown;
      },
    ));
  connection.onReconnect(forget);

  return {
    nc,
    state: () => connection.state(),
    close: () => connection.close(),
    forget,
    async inTime(work) {
      const done = new AbortController();
      const late = clock.sleep(bucketOptions.timeoutMs, done.signal).then(() => {
        throw new Error("NATS did not answer in time");
      });
      // The race listens to both to their end: whichever loses it may reject without harm.
      try {
        return await Promise.race([bucket().then(work), late]);
      } finally {
        done.abort();
      }
    },
  };
}
