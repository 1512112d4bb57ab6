/** What all control routes share: JSON bodies of any content type up to 1 MB, one-sentence errors. */
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { answerText, Refusal, refusalOf } from "../refusal.ts";

export const controlBodyBytes = 1024 * 1024;

/** Go decodes whatever it is sent, so clients do not bother with a content type. */
export function jsonBody(): RequestHandler {
  return express.json({ type: () => true, limit: controlBodyBytes });
}

export function methodNotAllowed(allowed: string): RequestHandler {
  return (request) => {
    throw new Refusal(405, `${request.baseUrl}${request.path} does not take ${request.method}`, { Allow: allowed });
  };
}

export function notFound(): RequestHandler {
  return (request) => {
    throw new Refusal(404, `there is no ${request.baseUrl}${request.path} here`);
  };
}

/** The last in the chain: any thrown thing becomes a status and a sentence. */
export function sentences(log: (line: string) => void): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) return next(thrown);
    const { status, message, headers } = refusalOf(bodyRefusal(thrown) ?? thrown, log);
    answerText(request, response, status, message, headers);
  };
}

/** The body reader's own errors, in our words. */
function bodyRefusal(thrown: unknown): Refusal | undefined {
  if (thrown instanceof Refusal) return thrown;
  const { type, status } = thrown as { type?: string; status?: number };
  if (type === "entity.too.large") return new Refusal(413, `the body must be at most ${controlBodyBytes} bytes`);
  if (type === "entity.parse.failed") return new Refusal(400, "the body must be JSON");
  if (typeof status === "number" && status < 500 && thrown instanceof Error) return new Refusal(status, thrown.message);
  return undefined;
}
