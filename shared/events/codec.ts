/** Bytes to events and back. After this door, types are facts. */
import type * as z from "zod";

import { checked } from "../core/checked.ts";
import { BadInputError } from "../core/errors.ts";
import { DATA_SCHEMAS, ENVELOPE_SCHEMA } from "./schemas.ts";
import { SUBJECTS, type EventKind } from "./subjects.ts";
import type { EventData, ReplicantEvent } from "./types.ts";

/** The bytes are no such event; the message names the field and quotes the value. */
export class EventFormatError extends BadInputError {
  override readonly name = "EventFormatError";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Structured-mode CloudEvent as UTF-8 JSON. */
export function encodeEvent(event: ReplicantEvent): Uint8Array {
  const { kind, data, ...envelope } = event;
  return encoder.encode(JSON.stringify({ ...envelope, type: SUBJECTS[kind], data: readableBefore(data) }));
}

/** The version before reads an SLO's seconds under another name. */
function readableBefore(data: EventData[EventKind]): object {
  if (!("managed" in data)) return data;
  return { ...data, managed: { ...data.managed, sloP95Seconds: data.managed.slo.seconds } };
}

/** Checks envelope and data of an event of the given kind. Throws `EventFormatError`. */
export function decodeEvent<K extends EventKind>(kind: K, bytes: Uint8Array): ReplicantEvent<K> {
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(bytes));
  } catch {
    throw new EventFormatError(`${SUBJECTS[kind]}: the body is not JSON in UTF-8 (${bytes.length} bytes)`);
  }
  return readEvent(kind, json);
}

/** The same of JSON that is parsed already. Throws `EventFormatError`. */
export function readEvent<K extends EventKind>(kind: K, json: unknown): ReplicantEvent<K> {
  const envelope = check(kind, "event", ENVELOPE_SCHEMA, json);
  if (envelope.type !== SUBJECTS[kind]) {
    throw new EventFormatError(`event.type must be '${SUBJECTS[kind]}', was: '${envelope.type}'`);
  }
  const data = check(kind, kind, DATA_SCHEMAS[kind], envelope.data);
  const { type: _type, ...rest } = envelope;
  return { ...rest, datacontenttype: "application/json", kind, data };
}

/** Makes an event; `id` is `<subject>@<atMs>/<kind>` so that the same step says the same thing twice, not two things. */
export function makeEvent<K extends EventKind>(
  kind: K,
  {
    source,
    subject,
    key,
    nowMs,
    data,
  }: {
    readonly source: string;
    readonly subject: string;
    /** What makes the event unique for its subject and kind: an instant or a run id. */
    readonly key: number | string;
    /** Wall clock. */
    readonly nowMs: number;
    readonly data: EventData[K];
  },
): ReplicantEvent<K> {
  return {
    specversion: "1.0",
    id: `${subject}@${key}/${kind}`,
    source,
    subject,
    time: new Date(nowMs).toISOString(),
    datacontenttype: "application/json",
    kind,
    data,
  };
}

function check<T>(kind: EventKind, root: string, schema: z.ZodType<T>, value: unknown): T {
  const result = checked(schema, value);
  if ("data" in result) return result.data;
  throw new EventFormatError(`${SUBJECTS[kind]}: ${root}${result.at && `.${result.at}`} ${result.says}`);
}
