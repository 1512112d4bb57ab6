/** What all control routes share: JSON bodies of any content type up to 1 MB, one-sentence errors. */
import type { ErrorRequestHandler, RequestHandler } from "express";
import { readBody } from "../body.ts";
import { answerThrown, Refusal } from "../refusal.ts";

export const controlBodyBytes = 1024 * 1024;

/**
 * Go decodes whatever it is sent, so clients do not bother with a content type. (express's own reader would read an
 * upload of any size to its end before it answers 413.)
 */
export function jsonBody(): RequestHandler {
  return async (request, _response, next) => {
    const body = await readBody(request, controlBodyBytes);
    request.body = body.length === 0 ? undefined : parseJson(body);
    next();
  };
}

/** Ours are three levels deep. What is read later, level by level, must not exhaust the stack. */
const mostLevels = 32;

function parseJson(body: Buffer): unknown {
  if (isDeeper(body, mostLevels))
    throw new Refusal(400, `the body must not be nested deeper than ${mostLevels} levels`);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new Refusal(400, "the body must be JSON");
  }
}

const [quote, backslash, openList, closeList, openObject, closeObject] = Buffer.from('"\\[]{}');

/** Counts brackets outside of texts. Of what is no JSON any answer will do: it is refused as such. */
function isDeeper(body: Buffer, most: number): boolean {
  let level = 0;
  let inText = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (inText) {
      if (byte === backslash) i++;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === openList || byte === openObject) {
      if (++level > most) return true;
    } else if (byte === closeList || byte === closeObject) level--;
  }
  return false;
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
    answerThrown(request, response, urlRefusal(thrown), log);
  };
}

/** The router's own error, for a path that is no URL (`%zz`). */
function urlRefusal(thrown: unknown): unknown {
  return thrown instanceof URIError ? new Refusal(400, thrown.message) : thrown;
}
