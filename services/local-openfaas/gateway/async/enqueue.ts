/** `POST /async-function/NAME[/path]`: reads the body, queues the call, answers 202 with its id. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../body.ts";
import { endToEndHeaders, callMarks } from "../invocation/headers.ts";
import { invocationTarget } from "../names.ts";
import { answerText, answerThrown, Refusal } from "../refusal.ts";
import { servedBy } from "../version.ts";
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
    const body = await readQueuedBody(request, options);
    const { callId } = marks;
    const headers = endToEndHeaders(request.rawHeaders);
    if (!options.queue.push({ functionName, path, callId, headers, body, callbackUrl })) {
      throw new Refusal(503, "the gateway is closing");
    }
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

function callbackUrlOf(header: string | string[] | undefined): URL | null {
  if (header === undefined || header === "") return null;
  const text = String(header);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new Refusal(400, `X-Callback-Url must be an http or https URL, was: '${text}'`);
}

/** Room in the queue is taken as the bytes come in, so that many uploads at once stay within its limit too. */
async function readQueuedBody(request: IncomingMessage, { queue, maxBodyBytes }: EnqueueOptions): Promise<Buffer> {
  let heldBytes = 0;
  const hold = (calls: number, bytes: number) => {
    if (!queue.reserve(calls, bytes)) throw queueFull();
    heldBytes += bytes;
  };
  hold(1, weightBytes(0));
  try {
    return await readBody(request, maxBodyBytes, (bytes) => hold(0, bytes));
  } catch (thrown) {
    queue.release(1, heldBytes);
    throw thrown;
  }
}

function queueFull(): Refusal {
  return new Refusal(429, "the queue of asynchronous calls is full, try again later", { "Retry-After": "1" });
}
