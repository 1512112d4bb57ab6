/** `POST /async-function/NAME[/path]`: reads the body, queues the call, answers 202 with its id. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { endToEndHeaders, callMarks, pushMarks } from "../invocation/headers.ts";
import { invocationTarget } from "../names.ts";
import { answerText, answerThrown, Refusal } from "../refusal.ts";
import { weightBytes } from "./item.ts";
import type { AsyncQueue } from "./queue.ts";

export const asyncPrefix = "/async-function/";

export interface EnqueueOptions {
  readonly queue: AsyncQueue;
  /** The largest body of one call. */
  readonly maxBodyBytes: number;
  readonly log: (line: string) => void;
}

export async function enqueue(
  request: IncomingMessage,
  response: ServerResponse,
  options: EnqueueOptions,
): Promise<void> {
  if (request.method !== "POST") {
    const sentence = `a call is queued by POST, not by ${request.method}`;
    return answerText(request, response, 405, sentence, { Allow: "POST" });
  }
  try {
    // As with the real gateway, whether the function exists shows when its turn comes.
    const { functionName, path } = invocationTarget(request.url!, asyncPrefix.length);
    const callbackUrl = callbackUrlOf(request.headers["x-callback-url"]);
    const marks = callMarks(request.rawHeaders, Date.now());
    const body = await readBody(request, options);
    options.queue.push({
      functionName,
      path,
      callId: marks.callId,
      headers: endToEndHeaders(request.rawHeaders),
      body,
      callbackUrl,
    });
    const headers = ["Content-Length", "0"];
    pushMarks(headers, { ...marks, callIdIsNew: true }, 0);
    response.writeHead(202, headers);
    response.end();
  } catch (thrown) {
    answerThrown(request, response, thrown, options.log);
  }
}

function callbackUrlOf(header: string | string[] | undefined): URL | null {
  if (header === undefined || header === "") return null;
  const text = String(header);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new Refusal(400, `X-Callback-Url must be an http or https URL, was: '${text}'`);
}

/** Room in the queue is taken as the bytes come in, so that many uploads at once stay within its limit too. */
async function readBody(request: IncomingMessage, { queue, maxBodyBytes }: EnqueueOptions): Promise<Buffer> {
  const full = () =>
    new Refusal(429, "the queue of asynchronous calls is full, try again later", { "Retry-After": "1" });
  const tooLarge = () => new Refusal(413, `the body of an asynchronous call must be at most ${maxBodyBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge();
  let heldBytes = weightBytes(0);
  if (!queue.reserve(1, heldBytes)) throw full();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Left by an error, the loop would destroy the request, and with it the connection that the answer needs.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if ((bytes += chunk.length) > maxBodyBytes) throw tooLarge();
      if (!queue.reserve(0, chunk.length)) throw full();
      heldBytes += chunk.length;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, bytes);
  } catch (thrown) {
    queue.release(1, heldBytes);
    throw thrown;
  }
}
