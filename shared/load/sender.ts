/** Sends one POST after another over kept-alive connections; each ends in one answer, never in a second try. */
import http from "node:http";
import https from "node:https";

import { BadInputError } from "#shared/core/errors.ts";
import type { ErrorClass } from "#shared/core/load.ts";

/** How a request was answered, or why it was not. */
export interface SentAnswer {
  readonly status: number | null;
  /** Null when the status is below 400. */
  readonly errorClass: ErrorClass | null;
  readonly bytes: number;
  readonly firstByteMs: number | null;
  readonly endMs: number;
  readonly serverSeconds: number | null;
  readonly callId: string | null;
}

/** Sends requests over kept connections. */
export interface Sender {
  /** Calls `done` exactly once, later. The returned function gives up: `done` is then called at once with `timeout`. */
  send(body: string, done: (answer: SentAnswer) => void): () => void;
  /** Cuts all connections; whatever is in flight is answered with `reset`. */
  close(): void;
}

/** Below Node's and most proxies' idle limit, so that a connection is not used in the moment the other side closes it. */
const IDLE_SOCKET_MS = 4_000;

/** `nowMs` is the monotonic clock that answers are stamped with. Throws `BadInputError` for a URL that is not HTTP(S). */
export function createSender(target: string, headers: Readonly<Record<string, string>>, nowMs: () => number): Sender {
  const url = httpUrl(target);
  const transport = url.protocol === "https:" ? https : http;
  const agent = new transport.Agent({
    keepAlive: true,
    maxSockets: Infinity,
    maxFreeSockets: 4_096,
    timeout: IDLE_SOCKET_MS,
  });
  const fixed = {
    agent,
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port,
    path: url.pathname + url.search,
  };

  function send(body: string, done: (answer: SentAnswer) => void): () => void {
    let status: number | null = null;
    let firstByteMs: number | null = null;
    let serverSeconds: number | null = null;
    let callId: string | null = null;
    let bytes = 0;
    let ended = false;
    const end = (errorClass: ErrorClass | null) => {
      if (ended) return;
      ended = true;
      done({ status, errorClass, bytes, firstByteMs, endMs: nowMs(), serverSeconds, callId });
    };

    const contentLength = Buffer.byteLength(body);
    const request = transport.request({
      ...fixed,
      headers: { "Content-Type": "application/json", ...headers, "Content-Length": contentLength },
    });
    request.on("response", (response) => {
      firstByteMs = nowMs();
      status = response.statusCode ?? null;
      serverSeconds = secondsOf(response.headers["x-duration-seconds"]);
      callId = textOf(response.headers["x-call-id"]);
      response.on("data", (chunk: Buffer) => (bytes += chunk.length));
      response.on("end", () => end(errorClassOfStatus(status)));
      response.on("error", () => end("reset"));
      response.on("close", () => end("reset"));
    });
    request.on("error", (error: NodeJS.ErrnoException) => end(errorClassOf(error)));
    request.on("close", () => end("reset"));
    request.end(body);
    return () => {
      end("timeout");
      request.destroy();
    };
  }

  return { send, close: () => agent.destroy() };
}

/** Throws `BadInputError` unless the text is an absolute http(s) URL without a password in it. */
export function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
    throw new BadInputError(`the target must be a URL like http://127.0.0.1:8080/function/stress, was '${text}'`);
  }
  return url;
}

/** The class of an HTTP status; null below 400, and without one. */
function errorClassOfStatus(status: number | null): ErrorClass | null {
  if (status === null || status < 400) return null;
  if (status === 429) return "429";
  if (status < 500) return "4xx";
  if (status === 502) return "502";
  return status === 504 ? "504" : "5xx";
}

/** Failures to get a connection at all; what breaks later is a reset. */
const CONNECT_CODES = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ETIMEDOUT",
  "EMFILE",
  "ENFILE",
]);

function errorClassOf(error: NodeJS.ErrnoException): ErrorClass {
  return CONNECT_CODES.has(error.code ?? "") ? "connect" : "reset";
}

function secondsOf(header: string | string[] | undefined): number | null {
  const seconds = typeof header === "string" && header !== "" ? Number(header) : NaN;
  return seconds >= 0 && seconds < Infinity ? seconds : null;
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === "string" ? header : null;
}
