/** The stream that keeps events where the server has JetStream, declared so that it may be declared again at any time. */
import {
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { errors, nanos, type NatsConnection } from "@nats-io/transport-node";

import { messageOf } from "../../core/errors.ts";
import { EVENT_KINDS, isKept, streamName, subjectOf } from "../../events/subjects.ts";
import { hasCode, isNotAllowed, NAME_IN_USE, orNull } from "./refusals.ts";

/** The bounds of the stream, and what this client may change of it. */
export interface StreamOptions {
  /** Oldest events give way. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** May make it where there is none, and add to one that is there. */
  readonly mayMake: boolean;
  /** The server is ours, and so is a stream of an earlier version on it: it gets what a new one has. */
  readonly isOurs: boolean;
}

/** The stream's defaults: 256 MiB, 24 h. */
export const STREAM_BOUNDS = { maxBytes: 256 * 1024 * 1024, maxAgeMs: 24 * 3_600_000 } as const;

/** Events leave by age and size alone: not even who may ask for a purge gets one. */
const KEPT_FOR_GOOD = { deny_delete: true, deny_purge: true } as const;

const NOT_ENABLED_FOR_ACCOUNT = 10039;
const SUBJECTS_OVERLAP = 10065;
const NO_STORAGE = 10047;

/** The client says so of a server without JetStream, and of a subject that no stream takes. */
export function isJetStreamMissing(thrown: unknown): boolean {
  // The class is not among the package's exports.
  return thrown instanceof Error && thrown.name === "JetStreamNotEnabled";
}

/** Null when the server (or this account) has no JetStream. */
export async function findJetStream(nc: NatsConnection): Promise<JetStreamManager | null> {
  try {
    return await jetstreamManager(nc);
  } catch (thrown) {
    const none =
      isJetStreamMissing(thrown) ||
      (thrown instanceof JetStreamApiError && (thrown.code === NOT_ENABLED_FOR_ACCOUNT || thrown.status === 503)) ||
      (thrown instanceof errors.RequestError && thrown.isNoResponders()) ||
      (thrown instanceof errors.TimeoutError && nc.info?.jetstream !== true);
    if (none) return null;
    throw new Error(`the bus says it has JetStream, but does not answer for it: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** `absent`: there is none, and it is not ours to make. */
export type StreamState = "ready" | "absent";

/** Makes the stream, or adds what is missing to one that is there, as far as we may; else it stays as its owner set it. */
export async function declareStream(
  jsm: JetStreamManager,
  prefix: string,
  { maxBytes, maxAgeMs, mayMake, isOurs }: StreamOptions,
): Promise<StreamState> {
  const name = streamName(prefix);
  const subjects = EVENT_KINDS.filter(isKept).map((kind) => subjectOf(kind, prefix));
  try {
    const present = (await orNull(jsm.streams.info(name)))?.config ?? null;
    if (present === null) {
      if (!mayMake) return "absent";
      await jsm.streams.add({
        name,
        subjects,
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        discard: DiscardPolicy.Old,
        max_bytes: maxBytes,
        max_age: nanos(maxAgeMs),
        duplicate_window: nanos(Math.min(maxAgeMs, 120_000)),
        num_replicas: 1,
        ...KEPT_FOR_GOOD,
      });
      return "ready";
    }
    const isWhole = subjects.every((subject) => present.subjects.includes(subject));
    const isOpen = isOurs && !(present.deny_purge && present.deny_delete);
    if (mayMake && (!isWhole || isOpen)) {
      await jsm.streams.update(name, {
        subjects: [...new Set([...present.subjects, ...subjects])],
        ...(isOurs && KEPT_FOR_GOOD),
      });
    }
    return "ready";
  } catch (thrown) {
    if (isNotAllowed(thrown)) return (await orNull(jsm.streams.info(name))) === null ? "absent" : "ready";
    // Another process declared it between our question and our answer.
    if (hasCode(thrown, NAME_IN_USE)) return "ready";
    if (hasCode(thrown, SUBJECTS_OVERLAP)) {
      throw new Error(`another stream already takes '${prefix}.…': remove it, or choose another subject prefix`, {
        cause: thrown,
      });
    }
    if (hasCode(thrown, NO_STORAGE)) {
      throw new Error(`JetStream has no room for stream '${name}' of ${maxBytes} bytes: raise max_file_store`, {
        cause: thrown,
      });
    }
    throw thrown;
  }
}
