/** An HTTP server on a port of its own, that can be listened on before what answers is ready, and drained. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BadInputError } from "#shared/core/errors.ts";

/** An HTTP server that listens. */
export interface Listener {
  readonly port: number;
  readonly url: string;
  /** Until this is called, everything is answered 503. */
  serve(handler: RequestListener): void;
  /** Stops listening, lets requests end for `graceMs`, then cuts what is left. A second call changes nothing. */
  close(graceMs: number): Promise<void>;
}

/** Beyond that connections are closed as they come: each costs a file handle and some 20 KB. */
const maxConnections = 8_000;

/** Connections that wait to be accepted while we are busy. Node's 511 overflow in a burst: such calls hang, and are reset. */
const backlog = 4_096;

/** Rejects with `BadInputError` when the port cannot be had. */
export async function listen(host: string, port: number): Promise<Listener> {
  let handler: RequestListener = (_, response) => response.writeHead(503, { "Retry-After": "1" }).end("starting\n");
  const server = createServer((request, response) => handler(request, response));
  // Longer than the usual idle time of clients (Go: 90 s), so that they close first and none writes into a closing connection.
  server.keepAliveTimeout = 95_000;
  // Node would leave out headers beyond a count of its own, and with them perhaps the one that frames the body. Their
  // bytes are bounded anyway (16 KB, then 431), and their count by the door.
  server.maxHeadersCount = 0;
  server.maxConnections = maxConnections;
  await listening(server, host, port);
  const address = server.address() as AddressInfo;
  const reachable = reachableHost(host);
  return {
    port: address.port,
    url: `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${address.port}`,
    serve: (next) => {
      handler = next;
    },
    close: (graceMs) => drain(server, graceMs),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new BadInputError(whyNot(error, host, port), { cause: error })),
    );
    server.listen({ host, port, backlog }, () => resolve());
  });
}

function whyNot(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use by another program: stop it or choose another port`;
    case "EACCES":
      return `port ${port} on ${host} may not be opened by this user: choose one above 1023`;
    default:
      return `cannot listen on port ${port} of '${host}': ${error.message}`;
  }
}

/** Every interface is reached by loopback. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

async function drain(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A kept connection becomes idle after its last answer; closing looks only once.
  const sweep = setInterval(() => server.closeIdleConnections(), 25);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
