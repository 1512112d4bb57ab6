/** Runs a queued call through the gateway's own `/function` route, and has its result posted to the callback. */
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { endToEndHeaders } from "../invocation/headers.ts";
import { functionPrefix, qualifiedName } from "../names.ts";
import { callbackPlace, isOwnFunction, placeOf } from "./callback-url.ts";
import { CallbackPool } from "./callbacks.ts";
import type { AsyncQueueOptions, QueuedCall } from "./queue.ts";

/** What deliveries need of the gateway that they go through. */
export interface DeliverOptions extends Pick<AsyncQueueOptions, "limits" | "onError"> {
  /** Where this gateway answers. */
  readonly gateway: URL;
}

/** Delivers queued calls, and closes when what has begun was posted. */
export interface Deliverer {
  /** Resolves when the function has answered; the callback comes in its own time. */
  deliver(call: QueuedCall, signal: AbortSignal): Promise<void>;
  close(graceMs: number): Promise<void>;
}

interface Result {
  readonly answer: IncomingMessage;
  readonly body: Buffer;
  /** Until the answer began. */
  readonly seconds: number;
}

/** Delivers by connections of its own. A result beyond the largest body of a call is not kept, and so not posted. */
export function deliverer(options: DeliverOptions): Deliverer {
  const { gateway, limits, onError } = options;
  const agent = new Agent({ keepAlive: true, timeout: 4_000 });
  const callbacks = new CallbackPool(limits);
  return {
    async deliver(call, signal) {
      const startedAtMs = performance.now();
      const answer = await invoke(call, agent, gateway, signal);
      const seconds = (performance.now() - startedAtMs) / 1000;
      const url = call.callbackUrl;
      const body = await readAnswer(answer, url ? limits.asyncMaxBodyBytes : 0);
      if (!url) return;
      if (!body) throw new Error(`its result is more than ${limits.asyncMaxBodyBytes} bytes, too much for a callback`);
      callbacks.add({
        place: callbackPlace(url, gateway),
        bytes: body.length,
        post: (stop) => post(call, url, { answer, body, seconds }, options, stop),
        failed: (error) => onError(call, error),
      });
    },
    close: async (graceMs) => {
      await callbacks.close(graceMs);
      agent.destroy();
    },
  };
}

/** The same path as a synchronous call: held from zero, limited, timed and counted alike. */
function invoke(call: QueuedCall, agent: Agent, gateway: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const path = `${functionPrefix}${call.functionName}${call.path}`;
  const headers = [...call.headers, "Host", gateway.host, "X-Call-Id", call.callId];
  headers.push("Content-Length", String(call.body.length));
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...whereOf(gateway), agent, method: "POST", path, headers, signal }, resolve);
    request.on("error", reject);
    request.end(call.body);
  });
}

/** Read to its end in any case, as the function's call counts until then; undefined beyond the limit. */
async function readAnswer(answer: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes <= maxBytes ? Buffer.concat(chunks, bytes) : undefined;
}

async function post(
  call: QueuedCall,
  url: URL,
  { answer, body, seconds }: Result,
  { gateway, limits: { callbackTimeoutMs } }: DeliverOptions,
  signal: AbortSignal,
): Promise<void> {
  const headers = endToEndHeaders(answer.rawHeaders);
  headers.push("Content-Length", String(body.length), "Host", url.host);
  headers.push("X-Call-Id", call.callId, "X-Duration-Seconds", seconds.toFixed(6));
  headers.push("X-Function-Status", String(answer.statusCode), "X-Function-Name", qualifiedName(call.functionName));
  if (url.username !== "") {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.push("Authorization", `Basic ${Buffer.from(credentials).toString("base64")}`);
  }
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  // A name of ours need not resolve to where we listen.
  const where = whereOf(isOwnFunction(url, gateway) ? gateway : url);
  const deadline = AbortSignal.timeout(callbackTimeoutMs);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      const request = send({
        ...{ ...where, path: url.pathname + url.search, method: "POST", headers },
        signal: AbortSignal.any([signal, deadline]),
      });
      request.on("response", (received: IncomingMessage) => {
        // What it says is of no interest, and need not end.
        received.resume();
        received.on("error", () => undefined);
        received.once("data", () => request.destroy());
        resolve(received.statusCode!);
      });
      request.on("error", reject);
      request.end(body);
    });
    if (status >= 400) throw new Error(`answered ${status}`);
  } catch (thrown) {
    const why = deadline.aborted
      ? `did not answer within ${callbackTimeoutMs / 1_000} s`
      : String((thrown as Error).message);
    throw new Error(`the callback ${placeOf(url)} ${why}`, { cause: thrown });
  }
}

function whereOf({ protocol, hostname, port }: URL): RequestOptions {
  const host = hostname.replace(/^\[|\]$/g, "");
  return { protocol, host, ...(port !== "" && { port: Number(port) }) };
}
