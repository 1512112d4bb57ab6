/** Runs one call: request in, handler, answer out. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parse as parseQuery } from "node:querystring";
import { messageOf } from "#shared/core/errors.ts";
import { isStatus, send } from "./answer.ts";
import { hasBody, readBody, RefusedRequestError, type BodyRules } from "./body.ts";
import { FunctionContext, type Callback, type Handler } from "./contract.ts";

/** Never rejects: whatever goes wrong is answered and written to the function's log. */
export async function runCall(
  handler: Handler,
  rules: BodyRules,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startedAtMs = performance.now();
  const seal = () => {
    if (response.headersSent || response.writableEnded) return false;
    response.setHeader("X-Duration-Seconds", ((performance.now() - startedAtMs) / 1000).toFixed(6));
    return true;
  };

  // A missing content type has puzzled people with an empty body; the template calls it text.
  request.headers["content-type"] ??= "text/plain";
  let body: unknown;
  try {
    body = hasBody(request) ? await readBody(request, rules) : undefined;
  } catch (thrown) {
    const status = thrown instanceof RefusedRequestError ? thrown.status : 500;
    if (seal()) sendText(request, response, status, messageOf(thrown));
    return;
  }

  const callback: Callback = (error, result) => {
    if (error) console.error(error);
    if (!seal()) return; // the first answer counts
    try {
      if (error) send(request, response, { status: context.status(), headers: {}, value: textOf(error) });
      else send(request, response, { status: context.status(), headers: context.headers() as Headers, value: result });
    } catch (thrown) {
      // A value that is no JSON, a header with a line break: the template answers with the error under the same status.
      // A status that is none would take its process down; here it is the handler's mistake, 500.
      console.error(thrown);
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      const status = isStatus(context.status()) ? context.status() : 500;
      send(request, response, { status, headers: {}, value: textOf(thrown) });
    }
  };
  const context = new FunctionContext(callback);
  const url = request.url ?? "/";
  const queryAt = url.indexOf("?");
  const event = {
    body,
    headers: request.headers,
    method: request.method ?? "GET",
    query: parseQuery(queryAt < 0 ? "" : url.slice(queryAt + 1)),
    path: queryAt < 0 ? url : url.slice(0, queryAt),
  };

  let pending: unknown;
  try {
    pending = handler(event, context, callback);
  } catch (thrown) {
    // Thrown before a promise was there: express answers 500, whereas a rejection keeps its 200 (below).
    console.error(thrown);
    if (seal()) sendText(request, response, 500, textOf(thrown));
    return;
  }
  try {
    const value = await pending;
    if (!context.answered) context.succeed(value);
  } catch (thrown) {
    callback(thrown ?? new Error("the handler rejected without a reason"));
  }
}

type Headers = Readonly<Record<string, unknown>>;

function textOf(error: unknown): string {
  return String(error);
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  send(request, response, { status, headers: { "Content-Type": "text/plain" }, value: text });
}
