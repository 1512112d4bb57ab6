/** What all control routes share: JSON bodies of any content type up to 1 MB, one-sentence errors. */
import type { ErrorRequestHandler, RequestHandler } from "express";
import { nestsDeeperThan } from "#shared/core/json-depth.ts";
import { readBody } from "../body.ts";
import { answerThrown, Refusal } from "../refusal.ts";

const controlBodyBytes = 1024 * 1024;

/**
 * Go decodes whatever it is sent, so clients do not bother with a content type. (express's own reader would read an
 * upload of any size to its end before it answers 413.)
 */
export const jsonBody: RequestHandler = async (request, _response, next) => {
  const body = await readBody(request, controlBodyBytes);
  request.body = body.length === 0 ? undefined : parseJson(body.toString("utf8"));
  next();
};

/** Ours are three levels deep. What is read later, level by level, must not exhaust the stack. */
const mostLevels = 32;

function parseJson(text: string): unknown {
  if (nestsDeeperThan(text, mostLevels))
    throw new Refusal(400, `the body must not be nested deeper than ${mostLevels} levels`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "the body must be JSON");
  }
}

/** The last of a path's handlers: refuses with 405 and says in `Allow` what it takes. */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (request) => {
    throw new Refusal(405, `${request.baseUrl}${request.path} does not take ${request.method}`, { Allow: allowed });
  };
}

/** The last of a router's handlers: refuses with 404. */
export const notFound: RequestHandler = (request) => {
  throw new Refusal(404, `there is no ${request.baseUrl}${request.path} here`);
};

/** The last in the chain: any thrown thing becomes a status and a sentence. */
export function sentences(log: (line: string) => void): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) return next(thrown);
    // The router's own error, for a path that is no URL (`%zz`).
    const refusal = thrown instanceof URIError ? new Refusal(400, thrown.message) : thrown;
    answerThrown(request, response, refusal, log);
  };
}
