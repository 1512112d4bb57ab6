/** Runs a queued call through the gateway's own `/function` route, and posts its result to the callback. */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";
import { functionPrefix } from "../invocation/invoker.ts";
import { endToEndHeaders } from "../invocation/headers.ts";
import { qualifiedName } from "../names.ts";
import type { QueuedCall } from "./item.ts";

export interface DeliverOptions {
  /** Where this gateway answers. */
  readonly gateway: URL;
  /** For the callback as a whole. */
  readonly callbackTimeoutMs: number;
}

export interface Deliverer {
  deliver(call: QueuedCall, signal: AbortSignal): Promise<void>;
  close(): void;
}

export function deliverer(options: DeliverOptions): Deliverer {
  const agent = new Agent({ keepAlive: true, timeout: 4_000 });
  return {
    async deliver(call, signal) {
      const startedAtMs = performance.now();
      const answer = await invoke(call, agent, options, signal);
      const seconds = (performance.now() - startedAtMs) / 1000;
      if (call.callbackUrl) await callBack(call, answer, seconds, options, signal);
      else for await (const _ of answer);
    },
    close: () => agent.destroy(),
  };
}

/** The same path as a synchronous call: held from zero, limited, timed and counted alike. */
function invoke(
  call: QueuedCall,
  agent: Agent,
  options: DeliverOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { hostname, host, port } = options.gateway;
  const path = `${functionPrefix}${call.functionName}${call.path}`;
  const headers = [...call.headers, "Host", host, "X-Call-Id", call.callId];
  headers.push("Content-Length", String(call.body.length));
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { agent, host: hostname.replace(/^\[|\]$/g, ""), port, method: "POST", path, headers, signal },
      resolve,
    );
    request.on("error", reject);
    request.end(call.body);
  });
}

/** Streams the function's answer on; the duration is that until the answer began. */
async function callBack(
  call: QueuedCall,
  answer: IncomingMessage,
  seconds: number,
  { callbackTimeoutMs }: DeliverOptions,
  signal: AbortSignal,
): Promise<void> {
  const url = call.callbackUrl!;
  const headers = endToEndHeaders(answer.rawHeaders);
  const length = answer.headers["content-length"];
  if (length !== undefined) headers.push("Content-Length", length);
  else headers.push("Transfer-Encoding", "chunked");
  headers.push("Host", url.host, "X-Call-Id", call.callId, "X-Duration-Seconds", seconds.toFixed(6));
  headers.push("X-Function-Status", String(answer.statusCode), "X-Function-Name", qualifiedName(call.functionName));
  if (url.username !== "") {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.push("Authorization", `Basic ${Buffer.from(credentials).toString("base64")}`);
  }
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, {
    method: "POST",
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(callbackTimeoutMs)]),
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on("response", resolve);
    request.on("error", reject);
  });
  const [received] = await Promise.all([answered, pipeline(answer, request)]);
  received.resume();
  if (received.statusCode! >= 400) throw new Error(`the callback ${url.href} answered ${received.statusCode}`);
}
