/** `GET /system/logs`: a function's log lines, one JSON object a line, for as long as the query follows. */
import { once } from "node:events";
import type { Request, Response, Router } from "express";
import type { LogQuery } from "../../provider/types.ts";
import { bareName, checkNamespace } from "../names.ts";
import { deployedFunction, Refusal } from "../refusal.ts";
import type { ControlContext } from "./context.ts";
import { methodNotAllowed } from "./json.ts";

/** A reader costs a connection, and what is on its way on it. */
const mostReaders = 64;

/** Adds them to the routes under `/system`. */
export function logRoutes(router: Router, context: ControlContext): void {
  let readers = 0;
  router
    .route("/logs")
    .get(async (request, response) => {
      const query = queryOf(request, context);
      if (readers >= mostReaders) {
        throw new Refusal(429, `${mostReaders} readers of logs are connected, which is all there may be`, {
          "Retry-After": "5",
        });
      }
      readers++;
      try {
        await streamLogs(response, query, context);
      } finally {
        readers--;
      }
    })
    .all(methodNotAllowed("GET"));
}

function queryOf(request: Request, { provider }: ControlContext): LogQuery {
  checkNamespace(request.query["namespace"]);
  const query = readLogQuery(request.query);
  deployedFunction(provider, query.name);
  return query;
}

async function streamLogs(response: Response, query: LogQuery, context: ControlContext): Promise<void> {
  const { provider, closing, log, logStallMs } = context;
  const left = new AbortController();
  response.once("close", () => left.abort());
  const signal = AbortSignal.any([left.signal, closing]);
  response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  // A follower sees that it is connected before the first line comes.
  response.flushHeaders();
  try {
    for await (const line of provider.logs(query, signal)) {
      if (signal.aborted) break;
      if (response.write(`${JSON.stringify(line)}\n`)) continue;
      // One that reads nothing at all would keep its place for ever.
      const stalled = setTimeout(() => response.destroy(), logStallMs);
      await once(response, "drain", { signal }).finally(() => clearTimeout(stalled));
    }
  } catch (thrown) {
    if (!signal.aborted) log(`gateway: the logs of '${query.name}' broke off: ${String(thrown)}`);
  }
  response.end();
}

/** Refuses with 422 what cannot be read, as providers do. */
export function readLogQuery(query: Readonly<Record<string, unknown>>): LogQuery {
  const text = (key: string): string | undefined => {
    const value = query[key];
    if (value === undefined || value === "") return undefined;
    if (typeof value === "string") return value;
    throw new Refusal(422, `${key} must be given once, was: ${JSON.stringify(value)}`);
  };
  const name = text("name");
  if (name === undefined) throw new Refusal(422, "name must say which function's logs, was: ''");
  const instance = text("instance");
  const tail = wholeNumber("tail", text("tail"));
  const sinceMs = instant("since", text("since"));
  return {
    name: bareName(name),
    ...(instance !== undefined && { instance }),
    // -1 is faas-cli's way to say "all".
    ...(tail !== undefined && tail >= 0 && { tail }),
    ...(sinceMs !== undefined && { sinceMs }),
    follow: truth("follow", text("follow")),
  };
}

function wholeNumber(key: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw new Refusal(422, `${key} must be a whole number, was: '${text}'`);
}

function instant(key: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text)
    ? Date.parse(text)
    : NaN;
  if (Number.isNaN(ms)) throw new Refusal(422, `${key} must be an RFC 3339 time, was: '${text}'`);
  return ms;
}

/** What Go's `ParseBool` takes. */
function truth(key: string, text: string | undefined): boolean {
  if (text === undefined || ["0", "f", "F", "false", "False", "FALSE"].includes(text)) return false;
  if (["1", "t", "T", "true", "True", "TRUE"].includes(text)) return true;
  throw new Refusal(422, `${key} must be true or false, was: '${text}'`);
}
