/** The body of a call as window events, and what may be in one call. */
import { BadInputError } from "#shared/core/errors.ts";
import { nestsDeeperThan } from "#shared/core/json-depth.ts";
import { decodeEvent, readEvent } from "#shared/events/codec.ts";
import { parseJson } from "#shared/core/checked.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";

/** What one call may bring. */
export interface WindowBounds {
  readonly maxBytes: number;
  readonly maxWindows: number;
  /** Of lists and objects in each other. */
  readonly maxDepth: number;
}

/** Who may lead to a decision brings the windows of many functions; more bytes than this the platform does not pass on (`stack.yml`). */
export const SIGNED_BOUNDS: WindowBounds = { maxBytes: 4 * 2 ** 20, maxWindows: 2_000, maxDepth: Infinity };
/** Anybody may try out a rule: a window with its whole history takes 45 kB and nests five deep. */
export const OPEN_BOUNDS: WindowBounds = { maxBytes: 256 * 2 ** 10, maxWindows: 4, maxDepth: 16 };

/** The body is larger than this caller's may be. */
export class TooLargeError extends BadInputError {
  override readonly name = "TooLargeError";
}

/** Throws `TooLargeError` before the text is read, `BadInputError` for what is no list of window events. */
export function decodeWindows(
  body: string | Uint8Array,
  { maxBytes, maxWindows, maxDepth }: WindowBounds,
): ReplicantEvent<"window">[] {
  const size = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  if (size > maxBytes) throw new TooLargeError(`the body must be at most ${maxBytes} bytes, was: ${size}`);
  const text = typeof body === "string" ? body : decoder.decode(body);
  if (maxDepth < Infinity && nestsDeeperThan(text, maxDepth)) {
    throw new BadInputError(`the body nests more than ${maxDepth} deep`);
  }
  const isList = text.trimStart().startsWith("[");
  const events = isList ? readList(text, maxWindows) : [decodeEvent("window", encoder.encode(text))];
  for (const { subject, data } of events) checkSubject(subject, data.managed.functionName, data.window.functionName);
  return events;
}

function readList(text: string, maxWindows: number): ReplicantEvent<"window">[] {
  const list = parseJson(text, "the body is not JSON") as readonly unknown[];
  if (list.length > maxWindows) {
    throw new BadInputError(`at most ${maxWindows} windows a call, were: ${list.length}`);
  }
  return list.map((one) => readEvent("window", one));
}

function checkSubject(subject: string, managed: string, window: string): void {
  if (managed === window && subject === window) return;
  throw new BadInputError(
    `subject, managed and window must name one function, were: '${[subject, managed, window].join("', '")}'`,
  );
}

/** Throws `BadInputError` where a function's windows name two policies: they would take turns in one memory. */
export function checkPolicies(events: readonly ReplicantEvent<"window">[]): void {
  const policies = new Map<string, string>();
  for (const { subject, data } of events) {
    const { policy } = data.managed;
    const before = policies.get(subject) ?? policy;
    if (before !== policy) {
      throw new BadInputError(`the windows of '${subject}' name two policies in one call: '${before}' and '${policy}'`);
    }
    policies.set(subject, policy);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
