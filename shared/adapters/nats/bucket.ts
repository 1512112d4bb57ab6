/** A key-value bucket that needs no more of the server than the table of users gives: no consumer, no direct get, no purge. */
import { DiscardPolicy, StorageType, type JetStreamManager } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import { nanos, type NatsConnection } from "@nats-io/transport-node";

import { hasCode, NAME_IN_USE, orNull } from "./refusals.ts";

/** Which bucket, and how it is made where there is none. */
export interface BucketOptions extends BucketBounds {
  /** `replicant-lease` for the store `lease` under the prefix `replicant`. */
  readonly bucket: string;
  /** How long a request may take, real time. */
  readonly timeoutMs: number;
}

/** What bounds a bucket that has to be made. */
export interface BucketBounds {
  /** Values end by themselves after so long; absent: never. Holds where the bucket has to be made. */
  readonly maxAgeMs?: number | undefined;
  /** Default 16 MiB. Holds where the bucket has to be made. */
  readonly maxBytes?: number | undefined;
}

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The bucket, made where there is none. Of its methods use `get`, `put`, `create` and `update`: the others ask for rights that
 * no part has. Rejects while it is not there and is not ours to make.
 */
export async function openBucket(
  nc: NatsConnection,
  jsm: JetStreamManager,
  options: BucketOptions & { readonly mayMake: boolean },
): Promise<KV> {
  const { bucket, timeoutMs, mayMake } = options;
  if (mayMake) await makeBucket(jsm, options);
  else if ((await orNull(jsm.streams.info(`KV_${bucket}`))) === null) {
    throw new Error(`bucket '${bucket}' is not there yet: it is there when the bus is set up`);
  }
  // Buckets of earlier versions would answer directly: the answer to a plain get is the same.
  return new Kvm(nc).create(bucket, { history: 1, timeout: timeoutMs, allow_direct: false });
}

/** Makes the bucket where there is none; one that is there stays as it is. Rejects with what the server says. */
export async function makeBucket(
  jsm: JetStreamManager,
  { bucket, maxAgeMs, maxBytes = MAX_BYTES }: Pick<BucketOptions, "bucket"> & BucketBounds,
): Promise<void> {
  const name = `KV_${bucket}`;
  if ((await orNull(jsm.streams.info(name))) !== null) return;
  try {
    await jsm.streams.add({
      name,
      subjects: [`$KV.${bucket}.>`],
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      max_bytes: maxBytes,
      ...(maxAgeMs !== undefined && {
        max_age: nanos(maxAgeMs),
        duplicate_window: nanos(Math.min(maxAgeMs, 120_000)),
      }),
      // What is written stays until it is overwritten: not even a client that may ask for a purge gets one.
      deny_delete: true,
      deny_purge: true,
      num_replicas: 1,
    });
  } catch (thrown) {
    // Another process made it between our question and our answer.
    if (!hasCode(thrown, NAME_IN_USE)) throw thrown;
  }
}
