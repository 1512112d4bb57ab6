/**
 * Objects in JetStream as its object store lays them out, with no more rights than the table of users gives: no consumer, no
 * direct get, no purge. Any client's object store reads what this writes, and the other way round.
 */
import { createHash } from "node:crypto";

import {
  DiscardPolicy,
  jetstream,
  StorageType,
  type JetStreamManager,
  type MsgRequest,
  type NextMsgRequest,
} from "@nats-io/jetstream";
import { headers, nuid, type NatsConnection } from "@nats-io/transport-node";

import { orNull } from "./refusals.ts";

/** The stored description of an object; fields of other clients are not looked at. */
interface ObjectInfo {
  readonly name: string;
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  /** `SHA-256=` and the digest in URL-safe base 64. */
  readonly digest: string;
  readonly deleted?: boolean;
}

/** The objects of one bucket, by name. */
export interface Objects {
  /** Names with this beginning. */
  names(prefix: string): Promise<string[]>;
  /** Null when there is no such object. Rejects for one that is not whole. */
  get(name: string): Promise<Uint8Array | null>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

const CHUNK_BYTES = 128 * 1024;

/** `mayMake`: makes the bucket where there is none; else that is as if it were empty. */
export function openObjects(nc: NatsConnection, jsm: JetStreamManager, bucket: string, mayMake: boolean): Objects {
  const stream = `OBJ_${bucket}`;
  const js = jetstream(nc);
  const chunksOf = (id: string) => `$O.${bucket}.C.${id}`;
  const metaOf = (name: string) => `$O.${bucket}.M.${padded(Buffer.from(name))}`;
  let made: Promise<unknown> | null = null;

  function make(): Promise<unknown> {
    return (made ??= makeObjects(jsm, stream, bucket).catch((thrown: unknown) => {
      made = null;
      throw thrown;
    }));
  }

  async function infoOf(name: string): Promise<ObjectInfo | null> {
    const stored = await orNull(jsm.streams.getMessage(stream, { last_by_subj: metaOf(name) }));
    const info = stored && stored.data.length > 0 ? (JSON.parse(stored.string()) as ObjectInfo) : null;
    return info?.deleted ? null : info;
  }

  /** Replaces all that was stored under the subject. */
  const replace = async (subject: string, text: string) => {
    const rollup = headers();
    rollup.set("Nats-Rollup", "sub");
    await js.publish(subject, text, { headers: rollup });
  };

  return {
    async names(prefix) {
      const filter = `$O.${bucket}.M.>`;
      const found = await orNull(jsm.streams.info(stream, { subjects_filter: filter }));
      const all = Object.keys(found?.state.subjects ?? {}).map((subject) =>
        Buffer.from(subject.slice(filter.length - 1), "base64url").toString("utf8"),
      );
      const wanted = all.filter((name) => name.startsWith(prefix));
      const infos = await Promise.all(wanted.map(infoOf));
      return wanted.filter((_, i) => infos[i] !== null);
    },

    async get(name) {
      const info = await infoOf(name);
      if (info === null) return null;
      const chunks: Uint8Array[] = [];
      for (let seq = 1; chunks.length < info.chunks;) {
        const next = { seq, next_by_subj: chunksOf(info.nuid) } satisfies NextMsgRequest;
        // The client's types know this request of the direct get alone.
        const stored = await jsm.streams.getMessage(stream, next as unknown as MsgRequest);
        if (stored === null) throw new Error(`${name}: a piece is missing`);
        chunks.push(stored.data);
        seq = stored.seq + 1;
      }
      const bytes = Buffer.concat(chunks);
      if (bytes.length !== info.size || digestOf(bytes) !== info.digest) throw new Error(`${name}: is not whole`);
      return bytes;
    },

    async put(name, bytes) {
      if (mayMake) await make();
      const before = await infoOf(name);
      const id = nuid.next();
      let chunks = 0;
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES, chunks++) {
        await js.publish(chunksOf(id), bytes.subarray(at, at + CHUNK_BYTES));
      }
      const info = { name, bucket, nuid: id, size: bytes.length, chunks, digest: digestOf(bytes), deleted: false };
      const mtime = new Date().toISOString();
      await replace(metaOf(name), JSON.stringify({ ...info, mtime, options: { max_chunk_size: CHUNK_BYTES } }));
      // From here on the new one is in place; what cannot be cleared away now only takes room.
      if (before) await replace(chunksOf(before.nuid), "").catch(() => {});
    },

    async remove(name) {
      const info = await infoOf(name);
      if (info === null) return;
      await replace(metaOf(name), JSON.stringify({ ...info, deleted: true, size: 0, chunks: 0, digest: "" }));
      await replace(chunksOf(info.nuid), "");
    },
  };
}

/** Makes the object store where there is none; one that is there stays as it is. Rejects with what the server says. */
export async function makeObjects(jsm: JetStreamManager, name: string, bucket: string): Promise<void> {
  if ((await orNull(jsm.streams.info(name))) !== null) return;
  await jsm.streams.add({
    name,
    subjects: [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`],
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    allow_rollup_hdrs: true,
    num_replicas: 1,
  });
}

const digestOf = (bytes: Uint8Array) => `SHA-256=${padded(createHash("sha256").update(bytes).digest())}`;

/** URL-safe base 64 with padding, as the clients write it. */
function padded(bytes: Buffer): string {
  const text = bytes.toString("base64url");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}
