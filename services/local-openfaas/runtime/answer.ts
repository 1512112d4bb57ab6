/** Sends a handler's value the way express 5 `res.send` does, so that clients see the same answer as on OpenFaaS. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** What a handler has set and given. */
export interface Answer {
  readonly status: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

/** Throws a TypeError for a status, header or value that HTTP cannot carry; nothing has been sent then. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const status = checkedStatus(answer.status);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, headerValue(name, value));
  response.statusCode = status;
  const body = encodeBody(response, plainToJson(answer.value));
  if (body !== undefined) {
    if (!response.hasHeader("Transfer-Encoding")) response.setHeader("Content-Length", body.length);
    if (!response.hasHeader("ETag")) response.setHeader("ETag", weakTag(body));
  }
  if (isFresh(request, response)) response.statusCode = 304;
  if (response.statusCode === 204 || response.statusCode === 304) {
    for (const name of ["Content-Type", "Content-Length", "Transfer-Encoding"]) response.removeHeader(name);
    response.end();
  } else if (response.statusCode === 205) {
    response.removeHeader("Transfer-Encoding");
    response.setHeader("Content-Length", "0");
    response.end();
  } else if (request.method === "HEAD" || body === undefined) {
    response.end();
  } else {
    response.end(body);
  }
}

/** Whether HTTP can carry it. */
export function isStatus(status: unknown): status is number {
  return typeof status === "number" && Number.isInteger(status) && status >= 100 && status <= 999;
}

function checkedStatus(status: unknown): number {
  if (isStatus(status)) return status;
  throw new TypeError(`the status must be a whole number from 100 to 999, was: ${JSON.stringify(status)}`);
}

function headerValue(name: string, value: unknown): string | string[] {
  if (name.toLowerCase() !== "content-type") return Array.isArray(value) ? value.map(String) : String(value);
  if (Array.isArray(value)) throw new TypeError("Content-Type cannot be set to an Array");
  return withDefaultCharset(String(value));
}

/** Plain objects and arrays leave as JSON *text*: without a header of the handler's own they are `text/html`. */
function plainToJson(value: unknown): unknown {
  const constructor = (value as { constructor?: unknown } | null | undefined)?.constructor;
  return constructor === Array || constructor === Object ? JSON.stringify(value) : value;
}

function encodeBody(response: ServerResponse, value: unknown): Buffer | undefined {
  switch (typeof value) {
    case "undefined":
      return undefined;
    case "string": {
      const type = response.getHeader("Content-Type");
      response.setHeader("Content-Type", typeof type === "string" ? withUtf8(type) : "text/html; charset=utf-8");
      return Buffer.from(value, "utf8");
    }
    case "object":
      if (value === null) return Buffer.alloc(0);
      if (ArrayBuffer.isView(value)) {
        if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", "application/octet-stream");
        return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      }
      return encodeJson(response, value);
    case "number":
    case "boolean":
      return encodeJson(response, value);
    default:
      throw new TypeError(`a handler cannot answer with a ${typeof value}`);
  }
}

function encodeJson(response: ServerResponse, value: unknown): Buffer | undefined {
  if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", "application/json");
  return encodeBody(response, JSON.stringify(value));
}

const SHORT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  txt: "text/plain",
  text: "text/plain",
  csv: "text/csv",
  css: "text/css",
  xml: "application/xml",
  json: "application/json",
  js: "text/javascript",
  svg: "image/svg+xml",
  png: "image/png",
  bin: "application/octet-stream",
};
const UTF8_BY_DEFAULT = /^(text\/|application\/(json|javascript|manifest\+json)\b)/i;

function withDefaultCharset(value: string): string {
  const type = value.includes("/") ? value : (SHORT_TYPES[value.toLowerCase()] ?? value);
  return UTF8_BY_DEFAULT.test(type) && !/;\s*charset=/i.test(type) ? `${type}; charset=utf-8` : type;
}

function withUtf8(type: string): string {
  const [mediaType = "", ...parameters] = type.split(";").map((part) => part.trim());
  const others = parameters.filter((parameter) => parameter !== "" && !/^charset *=/i.test(parameter));
  return [mediaType.toLowerCase(), ...[...others, "charset=utf-8"].sort()].join("; ");
}

function weakTag(body: Buffer): string {
  return `W/"${body.length.toString(16)}-${createHash("sha1").update(body).digest("base64").slice(0, 27)}"`;
}

/** Whether the caller already holds this answer (`If-None-Match`). */
function isFresh(request: IncomingMessage, response: ServerResponse): boolean {
  const known = request.headers["if-none-match"];
  if (known === undefined || (request.method !== "GET" && request.method !== "HEAD")) return false;
  if (response.statusCode < 200 || response.statusCode >= 300) return false;
  if (/(?:^|,)\s*no-cache\s*(?:,|$)/.test(request.headers["cache-control"] ?? "")) return false;
  const tag = response.getHeader("ETag");
  if (known.trim() === "*") return true;
  if (typeof tag !== "string") return false;
  const opaque = tag.replace(/^W\//, "");
  return known.split(",").some((candidate) => candidate.trim().replace(/^W\//, "") === opaque);
}
