/** Server-sent events to a bounded number of pages. https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { Response } from "express";
import { Refusal } from "../gateway/refusal.ts";
import type { UiFeed } from "./feed.ts";

/** Pages that are open at the same time. */
export const MAX_STREAMS = 32;
/** A page that does not read is cut off; it comes back by itself when it reads again. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const RECONNECT_MS = 1_000;

/**
 * What it returns opens a stream, which begins with the whole state as `state`; then each message of the feed. A sample each
 * second is the heartbeat. Refuses with 503 beyond `MAX_STREAMS`, and after the signal, which ends all streams.
 */
export function createStreams(feed: UiFeed, signal: AbortSignal): (response: Response) => void {
  const open = new Set<Response>();
  feed.listen(({ event, data }) => {
    if (open.size === 0) return;
    const text = frame(event, data);
    for (const response of open) {
      if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
      else response.write(text);
    }
  });
  signal.addEventListener("abort", () => {
    for (const response of open) response.end();
  });
  return (response) => {
    if (signal.aborted) throw new Refusal(503, "the platform is closing");
    if (open.size >= MAX_STREAMS) {
      throw new Refusal(503, `${MAX_STREAMS} pages are open already: close one first`, { "Retry-After": "5" });
    }
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    response.write(`retry: ${RECONNECT_MS}\n\n${frame("state", feed.state())}`);
    open.add(response);
    response.on("close", () => open.delete(response));
  };
}

/** JSON has no line breaks of its own, so that one `data` line holds it. */
function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
