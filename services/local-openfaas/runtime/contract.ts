/** What a handler of the `node22` template is given and may do: the event, the context and the callback. */
import type { IncomingHttpHeaders } from "node:http";

/** The call, as the handler sees it. */
export interface FunctionEvent {
  /** String, parsed JSON, parsed form, Buffer (`RAW_BODY`), or undefined where the template parses nothing. */
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly query: NodeJS.Dict<string | string[]>;
  readonly path: string;
}

/** Gives the answer, or an error in its place; the first call counts. */
export type Callback = (error: unknown, result?: unknown) => void;

/** A function; it may answer by the context, by the callback, or by what it returns. */
export type Handler = (event: FunctionEvent, context: FunctionContext, callback: Callback) => unknown;

/** Status and headers of the answer; `succeed` and `fail` give it, and a returned value then no longer counts. */
export class FunctionContext {
  answered = false;
  #status: unknown = 200;
  #headers: Record<string, unknown> = {};
  readonly #callback: Callback;

  constructor(callback: Callback) {
    this.#callback = callback;
  }

  /** Without an argument: the status so far. With one: sets it. The value is checked when the answer is sent. */
  status(code?: unknown): unknown {
    if (!code) return this.#status;
    this.#status = code;
    return this;
  }

  /** Replaces all headers set before. */
  headers(values?: Record<string, unknown>): unknown {
    if (!values) return this.#headers;
    this.#headers = values;
    return this;
  }

  succeed(value?: unknown): void {
    this.answered = true;
    this.#callback(undefined, value);
  }

  /** 500, unless another status was set before. */
  fail(error?: unknown): void {
    if (Number(this.#status) === 200) this.#status = 500;
    this.answered = true;
    this.#callback(error);
  }
}
