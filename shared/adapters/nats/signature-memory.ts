/** Signatures that were taken, in a key-value bucket of JetStream: who writes a key first has taken the call. */
import { jetstream } from "@nats-io/jetstream";

import type { Clock } from "../../core/clock.ts";
import type { SignatureMemory } from "../../ports/signature-memory.ts";
import type { BucketBounds } from "./bucket.ts";
import type { BucketAddress } from "./connection.ts";
import { ownBucket } from "./own-bucket.ts";
import { hasCode, WRONG_LAST_SEQUENCE } from "./refusals.ts";
import { isJetStreamMissing } from "./stream.ts";

/** A call waits for no longer: without an answer each replica decides by itself. */
const ANSWER_WITHIN_MS = 500;
/** Many lives of a signature, so that the server's clock may be set back by minutes. */
const KEPT_MS = 15 * 60_000;
/** How long and how much the bucket keeps. */
export const SIGNATURE_BOUNDS = { maxAgeMs: KEPT_MS, maxBytes: 16 * 2 ** 20 } as const satisfies BucketBounds;

/** Null when the server has no JetStream. Resolves when connected. */
export async function natsSignatures(
  options: BucketAddress,
  clock: Clock,
  log: (message: string) => void,
): Promise<(SignatureMemory & { close(): Promise<void> }) | null> {
  const bucket = await ownBucket(options, { timeoutMs: ANSWER_WITHIN_MS, ...SIGNATURE_BOUNDS }, clock, log);
  if (!bucket) return null;
  const js = jetstream(bucket.nc);
  // Made before the first call comes, which is not to wait for it.
  void bucket.inTime(async () => {}).catch(() => {});

  async function write(signature: string): Promise<"new" | "seen"> {
    try {
      const expect = { lastSubjectSequence: 0 };
      await js.publish(`$KV.${options.bucket}.${signature}`, "", { expect, timeout: ANSWER_WITHIN_MS });
      return "new";
    } catch (thrown) {
      if (hasCode(thrown, WRONG_LAST_SEQUENCE)) return "seen";
      if (isJetStreamMissing(thrown)) bucket!.forget();
      throw thrown;
    }
  }

  return {
    place: `key-value bucket ${options.bucket}`,
    async note(signature) {
      if (bucket.state() !== "connected") throw new Error("NATS is not connected");
      return bucket.inTime(() => write(signature));
    },
    close: () => bucket.close(),
  };
}
