/** Signatures that were taken, in a key-value bucket of JetStream: who writes a key first has taken the call. */
import { JetStreamApiError, jetstream } from "@nats-io/jetstream";

import type { Clock } from "../../core/clock.ts";
import type { SignatureMemory } from "../../ports/signature-memory.ts";
import { openBucket } from "./bucket.ts";
import { openConnection, type ConnectionOptions } from "./connection.ts";
import { findJetStream, isJetStreamMissing } from "./stream.ts";

export interface NatsSignatureOptions extends ConnectionOptions {
  /** `replicant-signatures` for the subject prefix `replicant`. */
  readonly bucket: string;
}

/** A call waits for no longer: without an answer each replica decides by itself. */
const ANSWER_WITHIN_MS = 500;
/** Many lives of a signature, so that the server's clock may be set back by minutes. */
const KEPT_MS = 15 * 60_000;
const MOST_BYTES = 16 * 2 ** 20;
const WRONG_LAST_SEQUENCE = 10071;

/** Null when the server has no JetStream. Resolves when connected. */
export async function natsSignatures(
  options: NatsSignatureOptions,
  clock: Clock,
  log: (message: string) => void,
): Promise<(SignatureMemory & { close(): Promise<void> }) | null> {
  // A connection of its own: what the bus has to carry does not delay a call.
  const connection = await openConnection(options, clock, log);
  const { nc } = connection;
  const jsm = await findJetStream(nc);
  if (!jsm) {
    await connection.close();
    return null;
  }
  const js = jetstream(nc);
  let opened: Promise<unknown> | null = null;
  /** Made again where the server came back without its store. */
  const bucket = () =>
    (opened ??= openBucket(nc, jsm, {
      ...{ bucket: options.bucket, timeoutMs: ANSWER_WITHIN_MS, maxAgeMs: KEPT_MS, maxBytes: MOST_BYTES },
    }).catch((thrown: unknown) => {
      opened = null;
      throw thrown;
    }));
  connection.onReconnect(() => (opened = null));

  async function write(signature: string): Promise<"new" | "seen"> {
    await bucket();
    try {
      const expect = { lastSubjectSequence: 0 };
      await js.publish(`$KV.${options.bucket}.${signature}`, "", { expect, timeout: ANSWER_WITHIN_MS });
      return "new";
    } catch (thrown) {
      if (thrown instanceof JetStreamApiError && thrown.code === WRONG_LAST_SEQUENCE) return "seen";
      if (isJetStreamMissing(thrown)) opened = null;
      throw thrown;
    }
  }

  return {
    place: `key-value bucket ${options.bucket}`,
    async note(signature) {
      if (connection.state() !== "connected") throw new Error("NATS is not connected");
      const done = new AbortController();
      const late = clock.sleep(ANSWER_WITHIN_MS, done.signal).then(() => {
        throw new Error("NATS did not answer in time");
      });
      late.catch(() => {});
      const written = write(signature);
      written.catch(() => {}); // May lose the race, and then rejects unheard.
      try {
        return await Promise.race([written, late]);
      } finally {
        done.abort();
      }
    },
    close: () => connection.close(),
  };
}
