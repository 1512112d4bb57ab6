/** A text in a key-value bucket of JetStream. */
import type { Clock } from "../../core/clock.ts";
import type { TextStore } from "../../ports/text-store.ts";
import type { BucketAddress } from "./connection.ts";
import { ownBucket, type OwnBucket } from "./own-bucket.ts";

const ANSWER_WITHIN_MS = 1_000;

/** Null when the server has no JetStream. Resolves when connected. */
export async function natsTextStore(
  options: BucketAddress & { readonly key: string },
  clock: Clock,
  log: (message: string) => void,
): Promise<(TextStore & { close(): Promise<void> }) | null> {
  const bucket = await ownBucket(options, { timeoutMs: ANSWER_WITHIN_MS }, clock, log);
  if (!bucket) return null;
  const inTime: OwnBucket["inTime"] = async (work) => {
    if (bucket.state() !== "connected") throw new Error("NATS is not connected");
    return bucket.inTime(work);
  };

  return {
    place: `key-value bucket ${options.bucket}`,
    read: () =>
      inTime(async (kv) => {
        const entry = await kv.get(options.key);
        return entry === null || entry.operation !== "PUT" ? null : new TextDecoder().decode(entry.value);
      }),
    write: (text) => inTime(async (kv) => void (await kv.put(options.key, new TextEncoder().encode(text)))),
    close: () => bucket.close(),
  };
}
