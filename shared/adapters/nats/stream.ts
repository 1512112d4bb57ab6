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
import { EVENT_KINDS, SUBJECTS, type EventKind } from "../../events/subjects.ts";

export interface StreamOptions {
  /** Oldest events give way. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** A tick is worth something until the next one, two seconds later: nobody wants it from a store. */
const NOT_KEPT: readonly EventKind[] = ["tick"];

const NOT_ENABLED_FOR_ACCOUNT = 10039;
const NAME_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;
const NO_STORAGE = 10047;

export function subjectOf(kind: EventKind, prefix: string): string {
  return prefix + SUBJECTS[kind].slice("replicant".length);
}

export function isKept(kind: EventKind): boolean {
  return !NOT_KEPT.includes(kind);
}

/** `REPLICANT` for the prefix `replicant`. */
export function streamName(prefix: string): string {
  return prefix.toUpperCase().replaceAll(/[^A-Z0-9_-]/g, "_");
}

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

/** Makes the stream, or adds missing subjects to one that is there and otherwise left as its owner set it. */
export async function declareStream(
  jsm: JetStreamManager,
  prefix: string,
  { maxBytes, maxAgeMs }: StreamOptions,
): Promise<void> {
  const name = streamName(prefix);
  const subjects = EVENT_KINDS.filter(isKept).map((kind) => subjectOf(kind, prefix));
  try {
    const present = await presentSubjects(jsm, name);
    if (present === null) {
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
      });
    } else if (!subjects.every((subject) => present.includes(subject))) {
      await jsm.streams.update(name, { subjects: [...new Set([...present, ...subjects])] });
    }
  } catch (thrown) {
    if (thrown instanceof JetStreamApiError) {
      // Another process declared it between our question and our answer.
      if (thrown.code === NAME_IN_USE) return;
      if (thrown.code === SUBJECTS_OVERLAP) {
        throw new Error(`another stream already takes '${prefix}.…': remove it, or choose another subject prefix`, {
          cause: thrown,
        });
      }
      if (thrown.code === NO_STORAGE) {
        throw new Error(`JetStream has no room for stream '${name}' of ${maxBytes} bytes: raise max_file_store`, {
          cause: thrown,
        });
      }
    }
    throw thrown;
  }
}

async function presentSubjects(jsm: JetStreamManager, name: string): Promise<readonly string[] | null> {
  try {
    return (await jsm.streams.info(name)).config.subjects;
  } catch (thrown) {
    if (thrown instanceof JetStreamApiError && thrown.status === 404) return null;
    throw thrown;
  }
}
