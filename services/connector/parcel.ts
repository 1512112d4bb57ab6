/** An event on its way to functions: the text as it was published, and the little of it that the connector reads. */
import type { MeasuredAt } from "#shared/events/collector-time.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";

/** An event as it is carried. */
export interface Parcel {
  /** The function that the event is about: its events stay in order. */
  readonly subject: string;
  /** The CloudEvent exactly as received: JSON text. */
  readonly body: string;
  /** The window that the event is, or (`proposal`) answers: when it is too old the event expires. Null where nothing expires. */
  readonly window: MeasuredAt | null;
}

/** `bytes`: those that `event` was decoded from. */
export function parcelOf(event: ReplicantEvent, bytes: Uint8Array): Parcel {
  const { subject, data } = event;
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  if (!("managed" in data && "window" in data)) return { subject, body, window: null };
  const { generation, endedAtMs, timeLapse, windowSeconds } = data.window;
  return { subject, body, window: { generation, endedAtMs, timeLapse, windowSeconds } };
}
