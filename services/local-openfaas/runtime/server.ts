/** The replica's HTTP server: health, calls, and an end that loses no call. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { BodyRules } from "./body.ts";
import { runCall } from "./call.ts";
import type { Handler } from "./contract.ts";

/** A server that listens. */
export interface FunctionServer {
  readonly port: number;
  /** Takes no new connection and resolves when every call in flight has been answered. */
  drain(): Promise<void>;
}

/** Listens on loopback only; port 0 lets the system choose. Rejects when it cannot listen. */
export async function serveFunction(handler: Handler, rules: BodyRules, port: number): Promise<FunctionServer> {
  let inFlight = 0;
  let draining = false;
  let drained: (() => void) | undefined;

  const server = createServer((request, response) => {
    const { url } = request;
    if (url === "/_/health" || url === "/_/ready") {
      response.statusCode = request.method !== "GET" ? 405 : draining ? 503 : 200;
      response.end(response.statusCode === 200 ? "OK" : undefined);
      return;
    }
    inFlight++;
    if (draining) response.setHeader("Connection", "close");
    response.once("close", () => {
      inFlight--;
      if (inFlight === 0) drained?.();
    });
    void runCall(handler, rules, request, response);
  });
  // The gateway owns the clock of a call and of its pooled connections: closing an idle one here would race a call.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  // The gateway bounds their count; left out, one might be what frames the body.
  server.maxHeadersCount = 0;

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // A burst of the gateway's: beyond Node's 511 connections hang, and are reset.
    server.listen({ port, host: "127.0.0.1", backlog: 2_048 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    drain: () => {
      draining = true;
      server.close();
      server.closeIdleConnections();
      return new Promise((resolve) => {
        if (inFlight === 0) resolve();
        else drained = resolve;
      });
    },
  };
}
