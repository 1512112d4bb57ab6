/**
 * The table of users in the words of a NATS server: which subjects a client may publish to and subscribe to, events, answers
 * and JetStream's own calls alike.
 *
 * What is not here, on purpose: a stream's update, purge and delete, a message's delete, a consumer's delete. No stream's and
 * no bucket's making either: who makes one says where the server sends on what comes into it, as any event and into any
 * bucket, with the server's own rights. And no direct get: its answer is the bare bytes that were stored, sent by the server to whatever reply subject the caller names, so who
 * may write a bucket and ask it directly could publish anything anywhere. The plain get wraps them in an answer that is no event.
 */
import { rightsOf, type BusRights, type BusStore, type BusUser } from "./bus-users.ts";
import { isKept, streamName, subjectOf } from "./subjects.ts";

/** The subjects that a user may publish and subscribe to, wildcards included. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly SubscribePermission[];
}

/** A subject that may be subscribed to. */
export interface SubscribePermission {
  readonly subject: string;
  /** Only as a member of this queue; null: only without a queue. */
  readonly queue: string | null;
}

/** The name of a bucket, as the client libraries know it. */
export function bucketName(store: BusStore, prefix: string): string {
  return `${prefix}-${store}`;
}

/** Where a user's answers come; nobody else may listen there. */
export function inboxOf(user: BusUser): string {
  return `_INBOX.${user}`;
}

/** The permissions of a user on the subjects and buckets of `prefix`. */
export function permissionsOf(user: BusUser, prefix: string): Permissions {
  const rights: BusRights = rightsOf(user);
  const stream = streamName(prefix);
  return {
    publish: [
      ...rights.publishes.map((kind) => subjectOf(kind, prefix)),
      "$JS.API.INFO",
      `$JS.API.STREAM.INFO.${stream}`,
      ...(rights.looksUp ? [`$JS.API.STREAM.MSG.GET.${stream}`] : []),
      ...rights.shares
        .filter(({ kind }) => isKept(kind))
        .flatMap(({ kind, consumer }) => consumerCalls(stream, consumer, subjectOf(kind, prefix))),
      ...rights.reads.flatMap((store) => reading(store, prefix)),
      ...rights.writes.flatMap((store) => [...reading(store, prefix), ...writing(store, prefix)]),
    ],
    subscribe: [
      { subject: `${inboxOf(user)}.>`, queue: null },
      ...rights.listens.map((kind) => ({ subject: subjectOf(kind, prefix), queue: null })),
      ...rights.shares.map(({ kind, queue }) => ({ subject: subjectOf(kind, prefix), queue })),
    ],
  };
}

function consumerCalls(stream: string, consumer: string, subject: string): string[] {
  return [
    // The server holds name and filter of the request against these tokens.
    `$JS.API.CONSUMER.CREATE.${stream}.${consumer}.${subject}`,
    `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
    `$JS.ACK.${stream}.${consumer}.>`,
    // With domain and account, as newer servers may put it.
    `$JS.ACK.*.*.${stream}.${consumer}.>`,
  ];
}

const isObjects = (store: BusStore) => store === "models";

/** The stream behind a bucket. */
export function streamOf(store: BusStore, prefix: string): string {
  return `${isObjects(store) ? "OBJ" : "KV"}_${bucketName(store, prefix)}`;
}

function reading(store: BusStore, prefix: string): string[] {
  const stream = streamOf(store, prefix);
  return [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.STREAM.MSG.GET.${stream}`];
}

function writing(store: BusStore, prefix: string): string[] {
  const bucket = bucketName(store, prefix);
  return isObjects(store) ? [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`] : [`$KV.${bucket}.>`];
}
