/** A proxy between the collector and the gateway's metrics, on loopback, and answers wrongly in one way at a time. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The ways in which metrics can be wrong. */
export const METRICS_WAYS = ["cut", "500", "hanging", "empty", "NaN", "negative", "frozen"] as const;
/** One of the ways in which metrics can be wrong. */
export type MetricsWay = (typeof METRICS_WAYS)[number];

/** A proxy that listens until it is closed. */
export interface MetricsProxy {
  readonly url: string;
  /** Null: what the gateway says. */
  answer(way: MetricsWay | null): void;
  close(): Promise<void>;
}

/** The ways in which every value is another one, and which. */
const SPOILT: Partial<Record<MetricsWay, (value: string) => string>> = {
  NaN: () => "NaN",
  negative: (value) => `-${value.replace(/^[+-]/, "")}`,
};
const MAX_BYTES = 32 * 1024 * 1024;

/** `target`: the gateway's own metrics. */
export async function startMetricsProxy(target: string): Promise<MetricsProxy> {
  let way: MetricsWay | null = null;
  let frozen: string | null = null;
  const hanging = new Set<ServerResponse>();

  async function respond(response: ServerResponse): Promise<void> {
    if (way === "cut") return void response.destroy();
    if (way === "hanging") return void hanging.add(response.once("close", () => hanging.delete(response)));
    if (way === "500") return send(response, 500, "internal error\n");
    if (way === "empty") return send(response, 200, "");
    if (way === "frozen" && frozen !== null) return send(response, 200, frozen);
    const found = await fetch(target, { signal: AbortSignal.timeout(2_000) });
    const text = (await found.text()).slice(0, MAX_BYTES);
    frozen = text;
    const spoilt = way === null ? undefined : SPOILT[way];
    return spoilt ? send(response, 200, withValues(text, spoilt)) : send(response, found.status, text);
  }

  const server = createServer((_request, response) => {
    respond(response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    answer(next) {
      way = next;
      // Whoever hung is let go, so that the next answer is the new one.
      for (const response of hanging) response.destroy();
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function send(response: ServerResponse, status: number, text: string): void {
  // A connection that is kept could meet the next answer's cut, which is a fault of its own.
  response.writeHead(status, { "content-type": "text/plain; version=0.0.4", connection: "close" }).end(text);
}

/** Every sample of an exposition with another value. */
export function withValues(text: string, valueOf: (value: string) => string): string {
  return text
    .split("\n")
    .map((line) => {
      if (line === "" || line.startsWith("#")) return line;
      const headEnd = line.lastIndexOf("}") + 1 || line.indexOf(" ");
      const [value = "", ...stamp] = line.slice(headEnd).trim().split(" ");
      return [line.slice(0, headEnd), valueOf(value), ...stamp].join(" ");
    })
    .join("\n");
}
