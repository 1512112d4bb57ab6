/** The headers that go to a replica, and those that come back: raw lists, as Node reads and writes them fastest. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { servedBy } from "#shared/core/version.ts";

type Kind = "pass" | "hop" | "connection" | "length" | "encoding" | "call-id" | "for" | "host" | "ours";

/** What is special about a header; everything else passes. Hop-by-hop ones: RFC 9110, 7.6.1. */
const kinds: ReadonlyMap<string, Kind> = new Map([
  ["connection", "connection"],
  ["keep-alive", "hop"],
  ["proxy-connection", "hop"],
  ["proxy-authenticate", "hop"],
  ["proxy-authorization", "hop"],
  ["te", "hop"],
  ["trailer", "hop"],
  ["upgrade", "hop"],
  // Answered by this server already.
  ["expect", "hop"],
  ["transfer-encoding", "encoding"],
  ["content-length", "length"],
  ["host", "host"],
  ["x-call-id", "call-id"],
  ["x-forwarded-for", "for"],
  ["x-forwarded-host", "host"],
  ["x-start-time", "ours"],
  ["x-served-by", "ours"],
  ["x-duration-seconds", "ours"],
]);

/**
 * Clients write the same few names again and again: remember what each spelling is. Bounded in number and length, as
 * spellings come from outside; none of the special names is long.
 */
const remembered = new Map<string, Kind>();
const rememberedMost = 2_000;
const longestRemembered = 64;

function kindOf(name: string): Kind {
  if (name.length > longestRemembered) return "pass";
  const known = remembered.get(name);
  if (known) return known;
  const kind = kinds.get(name.toLowerCase()) ?? "pass";
  if (remembered.size < rememberedMost) remembered.set(name, kind);
  return kind;
}

/** What a call is known by on its way. */
export interface CallMarks {
  readonly callId: string;
  /** True when the client sent none: only then is the id in its response. */
  readonly callIdIsNew: boolean;
  /** Unix time in nanoseconds, as text. */
  readonly startTime: string;
}

/** Reads the raw list: `request.headers` would build an object of all of them first. */
export function callMarks(raw: readonly string[], nowMs: number): CallMarks {
  const startTime = `${nowMs}000000`;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === 9 && raw[i + 1] !== "" && kindOf(raw[i]!) === "call-id") {
      return { callId: raw[i + 1]!, callIdIsNew: false, startTime };
    }
  }
  return { callId: randomUUID(), callIdIsNew: true, startTime };
}

/** The raw list, and whether a body follows. */
export interface UpstreamHead {
  readonly headers: string[];
  readonly hasBody: boolean;
}

/** The head for the replica at `authority` (`127.0.0.1:PORT`). Null marks: a gateway in front of us has made its own. */
export function upstreamHead(request: IncomingMessage, authority: string, marks: CallMarks | null): UpstreamHead {
  const raw = request.rawHeaders;
  const headers: string[] = ["Host", authority];
  let named: Set<string> | undefined;
  let forwardedFor = request.socket.remoteAddress ?? "unknown";
  let forwardedHost: string | undefined;
  let hasBody = false;
  let framed = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    const kind = kindOf(name);
    if (!marks && (kind === "call-id" || kind === "ours" || kind === "for")) {
      headers.push(name, value);
      continue;
    }
    switch (kind) {
      case "pass":
        headers.push(name, value);
        break;
      case "length":
        framed = true;
        hasBody = value !== "0";
        headers.push(name, value);
        break;
      case "encoding":
        framed = hasBody = true;
        headers.push("Transfer-Encoding", "chunked");
        break;
      case "for":
        forwardedFor = `${value}, ${forwardedFor}`;
        break;
      case "host":
        // A proxy in front knows the host that people typed better than we do.
        if (name.length > 4 || forwardedHost === undefined) forwardedHost = value;
        break;
      case "connection":
        named = namedHops(value, named);
        break;
      case "call-id":
      case "hop":
      case "ours":
        break;
    }
  }
  if (!framed && mayCarryBody(request.method!)) headers.push("Content-Length", "0");
  if (marks) headers.push("X-Call-Id", marks.callId, "X-Start-Time", marks.startTime, "X-Forwarded-For", forwardedFor);
  if (forwardedHost !== undefined) headers.push("X-Forwarded-Host", forwardedHost);
  return { headers: named ? without(headers, named) : headers, hasBody };
}

/** The head for the client: the replica's, with what the gateway and its watchdog add; for a gateway in front, as it is. */
export function downstreamHeaders(raw: readonly string[], marks: CallMarks | null, seconds: number): string[] {
  const headers: string[] = [];
  let named: Set<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    switch (kindOf(name)) {
      case "hop":
      case "encoding":
        break;
      case "ours":
        if (!marks) headers.push(name, raw[i + 1]!);
        break;
      case "call-id":
        // The function may name the call itself, unless the client receives our id.
        if (!marks?.callIdIsNew) headers.push(name, raw[i + 1]!);
        break;
      case "connection":
        named = namedHops(raw[i + 1]!, named);
        break;
      default:
        headers.push(name, raw[i + 1]!);
    }
  }
  if (marks) pushMarks(headers, marks, seconds);
  return named ? without(headers, named) : headers;
}

/** What is kept of a queued call's head, and of its answer's: neither framing nor what the gateway adds anew. */
export function endToEndHeaders(raw: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (kindOf(raw[i]!) === "pass" && raw[i]!.toLowerCase() !== "x-callback-url") headers.push(raw[i]!, raw[i + 1]!);
  }
  return headers;
}

/** What every answer of an invocation carries, also one that no replica gave. */
export function pushMarks(headers: string[], marks: CallMarks | null, seconds: number): void {
  headers.push("X-Duration-Seconds", seconds.toFixed(6));
  if (!marks) return;
  headers.push("X-Start-Time", marks.startTime, "X-Served-By", servedBy);
  if (marks.callIdIsNew) headers.push("X-Call-Id", marks.callId);
}

/**
 * The headers that a `Connection` header names as meant for one hop, added to those of one before. Only what would merely
 * pass can be named: never what frames the body, and never what the gateway itself says about the call.
 */
function namedHops(value: string, before: Set<string> | undefined): Set<string> | undefined {
  if (value === "keep-alive" || value === "close") return before;
  const named = before ?? new Set<string>();
  for (const one of value.split(",")) {
    const name = one.trim().toLowerCase();
    if (kindOf(name) === "pass") named.add(name);
  }
  return named;
}

function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  return headers.filter((_, i) => !names.has(headers[i - (i % 2)]!.toLowerCase()));
}

function mayCarryBody(method: string): boolean {
  return method === "POST" || method === "PUT" || method === "PATCH";
}
