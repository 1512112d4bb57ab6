/** A key-value bucket over a connection of its own, asked with a deadline: what the bus has to carry delays nobody here. */
import type { KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";

import type { Clock } from "../../core/clock.ts";
import { inTime } from "../patience.ts";
import { openBucket, type BucketOptions } from "./bucket.ts";
import { openConnection, type BucketAddress, type Connection } from "./connection.ts";
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
  options: BucketAddress,
  bounds: Omit<BucketOptions, "bucket">,
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
  const bucketOptions = { ...bounds, bucket: options.bucket, mayMake: connection.user === null };
  const bucket = () =>
    (opened ??= openBucket(nc, jsm, bucketOptions).catch((thrown: unknown) => {
      forget();
      throw thrown;
    }));
  connection.onReconnect(forget);

  return {
    nc,
    state: () => connection.state(),
    close: () => connection.close(),
    forget,
    inTime: (work) => inTime(bucket().then(work), bounds.timeoutMs, clock, "NATS did not answer in time"),
  };
}
