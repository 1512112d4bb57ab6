/** The node template's contract on express 5: what the runtime must be indistinguishable from. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Request, type Response } from "express";

type Handler = (event: unknown, context: unknown, callback: (error: unknown, result?: unknown) => void) => unknown;

export async function serveOnExpress(
  handler: Handler,
  raw: boolean,
  port = 0,
): Promise<{ port: number; close(): void }> {
  const app = express().disable("x-powered-by");
  app.use((request, _response, next) => {
    request.headers["content-type"] ||= "text/plain";
    next();
  });
  const parsers = raw
    ? [express.raw({ type: "*/*" })]
    : [express.text({ type: "text/*" }), express.json(), express.urlencoded({ extended: true })];
  for (const parser of parsers) app.use(parser);
  app.use((request: Request, response: Response) => answer(handler, request, response));
  // Four parameters make it express's error handler: the default one would print every refusal.
  app.use((error: { status?: number }, _request: Request, response: Response, _next: unknown) => {
    response.status(error.status ?? 500).end();
  });
  const server = createServer(app).listen(port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function answer(handler: Handler, request: Request, response: Response): Promise<void> {
  let status = 200;
  let headers: Record<string, string> = {};
  let called = false;
  const reply = (error: unknown, result?: unknown) => {
    if (error) return void response.status(status).send(error instanceof Error ? error.toString() : error);
    const plain = (result as { constructor?: unknown } | null | undefined)?.constructor;
    const text = plain === Object || plain === Array ? JSON.stringify(result) : result;
    response.set(headers).status(status).send(text);
  };
  const context = {
    status: (code?: number) => (code ? ((status = code), context) : status),
    headers: (values?: Record<string, string>) => (values ? ((headers = values), context) : headers),
    succeed: (value: unknown) => {
      called = true;
      reply(undefined, value);
    },
    fail: (error: unknown) => {
      called = true;
      if (status === 200) status = 500;
      reply(error);
    },
  };
  const { body, method, query, path } = request as { body: unknown; method: string; query: unknown; path: string };
  // Thrown before there is a promise, it goes to express; a rejection is answered below.
  const pending = handler({ body, headers: request.headers, method, query, path }, context, reply);
  try {
    const value = await pending;
    if (!called) context.succeed(value);
  } catch (thrown) {
    reply(thrown);
  }
}
