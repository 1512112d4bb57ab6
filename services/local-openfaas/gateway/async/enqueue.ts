/** `POST /async-function/NAME[/path]`: reads the body, queues the call, answers 202 with its id. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../body.ts";
import { endToEndHeaders, callMarks } from "../invocation/headers.ts";
import { asyncPrefix, invocationTarget } from "../names.ts";
import { answerText, answerThrown, Refusal } from "../refusal.ts";
import { servedBy } from "#shared/core/version.ts";
import { callbackUrlOf, type CallbackRules } from "./callback-url.ts";
import type { AsyncQueue } from "./queue.ts";
import type { Uploads } from "./uploads.ts";

/** Where a call goes, and what it may be. */
export interface EnqueueOptions {
  readonly queue: AsyncQueue;
  readonly uploads: Uploads;
  readonly callbacks: CallbackRules;
  /** The largest body of one call. */
  readonly maxBodyBytes: number;
  readonly log: (line: string) => void;
}

/** Takes one call. Never rejects: what cannot be queued is refused in the answer. */
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
    const callbackUrl = callbackUrlOf(request.headers["x-callback-url"], options.callbacks);
    const marks = callMarks(request.rawHeaders, Date.now());
    const body = await readQueuedBody(request, response, options);
    const { callId } = marks;
    const headers = endToEndHeaders(request.rawHeaders);
    const refusal = options.queue.push({ functionName, path, callId, headers, body, callbackUrl });
    if (refusal === "closed") throw new Refusal(503, "the gateway is closing");
    if (refusal === "full") throw later("the queue of asynchronous calls is full");
    if (refusal) throw later(`as many asynchronous calls of '${functionName}' wait as one function may have`);
    response.writeHead(202, {
      "Content-Length": 0,
      "X-Call-Id": callId,
      "X-Start-Time": marks.startTime,
      "X-Served-By": servedBy,
    });
    response.end();
  } catch (thrown) {
    answerThrown(request, response, thrown, options.log);
  }
}

/** Counts against the bounds of uploads as it comes in, and against those of the queue only when it is whole. */
async function readQueuedBody(
  request: IncomingMessage,
  response: ServerResponse,
  { uploads, maxBodyBytes }: EnqueueOptions,
): Promise<Buffer> {
  const upload = uploads.begin(request.socket.remoteAddress ?? "unknown", (why) => {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(408, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
    response.end(`${why}\n`, () => request.destroy());
  });
  try {
    return await readBody(request, maxBodyBytes, (bytes) => {
      if (!uploads.moved(upload, bytes)) throw later("too many bodies of asynchronous calls are on their way");
    });
  } finally {
    uploads.end(upload);
  }
}

function later(sentence: string): Refusal {
  return new Refusal(429, `${sentence}, try again later`, { "Retry-After": "1" });
}
