/** The official node template's handler contract, and ours on top of it: a handler returns an answer and never throws. */
import { messageOf } from "../core/errors.ts";

/** A call, as the template's handler receives it. */
export interface FunctionEvent {
  /** Text, parsed JSON or a Buffer, as the template's body parser left it. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly path: string;
}

/** How a handler sets status and headers, as the template provides it. */
export interface FunctionContext {
  status(code: number): FunctionContext;
  headers(values: Readonly<Record<string, string>>): FunctionContext;
}

/** What a function's module exports. */
export type Handler = (event: FunctionEvent, context: FunctionContext) => Promise<unknown>;

/** Our own handlers' answer to a call. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Given, the body is a text of this content type; else it is sent as JSON. */
  readonly type?: string;
}

/** The answer to a call that was not carried out: one sentence. */
export function failed(status: number, error: string): Answer {
  return { status, body: { error } };
}

/**
 * The body as the text that was sent. With `RAW_BODY=true` (set for all our workloads) it is exactly that. Nothing for what
 * nests too deeply to be written.
 */
export function textOf(body: unknown): string {
  if (typeof body === "string") return body;
  if (Buffer.isBuffer(body)) return body.toString("utf8");
  try {
    return JSON.stringify(body) ?? "";
  } catch {
    return "";
  }
}

/** The same as bytes, where it came as bytes. */
export function bytesOf(body: unknown): string | Uint8Array {
  return Buffer.isBuffer(body) ? body : textOf(body);
}

let inFlight = 0;

/** Calls that `jsonHandler` has not answered yet. */
export function callsInFlight(): number {
  return inFlight;
}

/** Answers JSON with the right content type; a thrown error becomes a 500 with its sentence (the template would say 200). */
export function jsonHandler(answer: (event: FunctionEvent) => Promise<Answer>): Handler {
  return async (event, context) => {
    let result: Answer;
    inFlight++;
    try {
      result = await answer(event);
    } catch (thrown) {
      result = failed(500, messageOf(thrown));
    } finally {
      inFlight--;
    }
    const { status, body, type } = result;
    context.status(status).headers({ "Content-Type": type ?? "application/json" });
    return type === undefined ? JSON.stringify(body) : String(body);
  };
}
