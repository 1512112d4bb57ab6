/** Reads a request's body into memory, up to a limit. */
import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/**
 * Refuses with 413 as soon as the limit is passed, or promised to be, and reads no further. `onChunk` sees each part's
 * size before it is kept, and may throw.
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  onChunk: (bytes: number) => void = () => undefined,
): Promise<Buffer> {
  const tooLarge = () => new Refusal(413, `the body must be at most ${maxBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Left by an error, the loop would destroy the request, and with it the connection that the answer needs.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if ((bytes += chunk.length) > maxBytes) throw tooLarge();
    onChunk(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
