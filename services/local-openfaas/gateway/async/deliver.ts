/** Runs a queued call through the gateway's own `/function` route, and has its result posted to the callback. */
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { endToEndHeaders } from "../invocation/headers.ts";
import { functionPrefix, qualifiedName } from "../names.ts";
import { callbackPlace, isOwnFunction, placeOf } from "./callback-url.ts";
import { CallbackPool, type CallbackPoolLimits } from "./callbacks.ts";
import type { QueuedCall } from "./item.ts";

export interface DeliverOptions {
  /** Where this gateway answers. */
  readonly gateway: URL;
  /** For the callback as a whole. */
  readonly callbackTimeoutMs: number;
  /** A result beyond it is not kept, and so not posted. */
  readonly maxAnswerBytes: number;
  readonly pool: CallbackPoolLimits;
  readonly onError: (call: QueuedCall, error: unknown) => void;
}

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

export function deliverer(options: DeliverOptions): Deliverer {
  const agent = new Agent({ keepAlive: true, timeout: 4_000 });
  const callbacks = new CallbackPool(options.pool);
  return {
    async deliver(call, signal) {
      const startedAtMs = performance.now();
      const answer = await invoke(call, agent, options, signal);
      const seconds = (performance.now() - startedAtMs) / 1000;
      const url = call.callbackUrl;
      const body = await readAnswer(answer, url ? options.maxAnswerBytes : 0);
      if (!url) return;
      if (!body) throw new Error(`its result is more than ${options.maxAnswerBytes} bytes, too much for a callback`);
      callbacks.add({
        place: callbackPlace(url, options.gateway),
        bytes: body.length,
        post: (stop) => post(call, url, { answer, body, seconds }, options, stop),
        failed: (error) => options.onError(call, error),
      });
    },
    close: async (graceMs) => {
      await callbacks.close(graceMs);
      agent.destroy();
    },
  };
}

/** The same path as a synchronous call: held from zero, limited, timed and counted alike. */
function invoke(
  call: QueuedCall,
  agent: Agent,
  options: DeliverOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const path = `${functionPrefix}${call.functionName}${call.path}`;
  const headers = [...call.headers, "Host", options.gateway.host, "X-Call-Id", call.callId];
  headers.push("Content-Length", String(call.body.length));
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...whereOf(options.gateway), agent, method: "POST", path, headers, signal }, resolve);
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
  { gateway, callbackTimeoutMs }: DeliverOptions,
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
