/** Under which id a stream knows an event: one that nobody can claim who does not know the publisher's secret. */
import { createHmac } from "node:crypto";

import type { Identity } from "./credentials.ts";

/**
 * A stream drops a message whose id it has seen, whoever sent it. The event's own id can be known ahead, this one cannot:
 * the same publisher comes to the same id again, and nobody else does. Without credentials everybody is equal: the plain id.
 */
export function messageId(identity: Identity | null, eventId: string): string {
  if (identity === null) return eventId;
  const sealed = createHmac("sha256", identity.secret).update(eventId).digest("base64url");
  return `${identity.name}:${sealed}`;
}
