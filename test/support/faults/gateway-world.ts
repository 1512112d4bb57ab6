/** All HTTP servers of the platform over one fake provider, and requests to them in bytes. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { listen } from "#services/local-openfaas/gateway/listener.ts";
import { startProviderFace } from "#services/local-openfaas/gateway/provider-face.ts";
import type { RouteFact } from "#services/local-openfaas/gateway/routes.ts";
import { createSecretStore } from "#services/local-openfaas/provider/secrets.ts";
import { mountUi } from "#services/local-openfaas/ui/mount.ts";
import { authorization, credentials, startTestGateway, type TestGateway } from "#test/support/gateway.ts";

export interface GatewayWorld {
  readonly gateway: TestGateway;
  readonly logged: readonly string[];
  readonly urlOf: (server: RouteFact["server"]) => string;
}

export async function startGatewayWorld(t: TestContext): Promise<GatewayWorld> {
  const page = await mkdtemp(join(tmpdir(), "page-"));
  t.after(() => rm(page, { recursive: true }));
  const logged: string[] = [];
  const log = (line: string) => logged.push(line);
  const gateway = await startTestGateway(t, {
    limits: { holdMs: 200 },
    mountUi: mountUi({ folder: page, limits: "none", log }),
  });
  const listener = await listen("127.0.0.1", 0);
  const { provider } = gateway;
  const face = startProviderFace({ listener, provider, secrets: createSecretStore(page), credentials, log });
  t.after(() => face.close(0));
  const urls = { gateway: gateway.url, metrics: gateway.metricsUrl, provider: listener.url };
  return { gateway, logged, urlOf: (server) => urls[server] };
}

/** Who asks. A page of another site has the user's login, as a browser sends it along. */
export const askers = ["none", "wrong", "right", "foreign page", "foreign name"] as const;
export type Asker = (typeof askers)[number];

export function headersOf(asker: Asker): string[] {
  const wrong = `Basic ${Buffer.from("admin:guess").toString("base64")}`;
  const login = asker === "none" ? [] : [`Authorization: ${asker === "wrong" ? wrong : authorization}`];
  const page = asker === "foreign page" ? ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"] : [];
  return [`Host: ${asker === "foreign name" ? "evil.example" : "localhost"}`, ...login, ...page];
}

export interface RawAnswer {
  /** Null: the connection ended without one. */
  readonly status: number | null;
  readonly text: string;
}

const deadlineMs = 30_000;

export interface SendOptions {
  /** Some address of this machine. */
  readonly from?: string;
  /** Says after the bytes that no more will come. */
  readonly end?: boolean;
}

/** Sends bytes; resolves when the answer is there, or as much as came of one without an end. Rejects where none comes. */
export function sendBytes(url: string, bytes: Buffer, { from, end = false }: SendOptions = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const isHead = bytes.toString("latin1").startsWith("HEAD ");
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), localAddress: from ?? "127.0.0.1" });
    let text = "";
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer within ${deadlineMs} ms to ${JSON.stringify(String(bytes).slice(0, 800))}`));
    }, deadlineMs);
    const done = () => {
      clearTimeout(late);
      socket.destroy();
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
      resolve({ status: status === undefined ? null : Number(status), text });
    };
    socket.on("connect", () => (end ? socket.end(bytes) : socket.write(bytes)));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      // Not yet the answer: only that the body may come.
      while (text.startsWith("HTTP/1.1 100") && text.includes("\r\n\r\n"))
        text = text.slice(text.indexOf("\r\n\r\n") + 4);
      if (isEnough(text, isHead)) done();
    });
    socket.on("error", done);
    socket.on("close", done);
  });
}

/** Head and body, or the head of what streams without an end. */
function isEnough(text: string, isHead: boolean): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const head = text.slice(0, end).toLowerCase();
  if (isHead || /^http\/1\.1 (?:204|304)/.test(head)) return true;
  if (/content-type: (?:text\/event-stream|application\/x-ndjson)/.test(head)) return true;
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) return text.length >= end + 4 + Number(length);
  return !head.includes("transfer-encoding: chunked") || text.endsWith("0\r\n\r\n");
}

/** Open handles and memory maps of this process, by count. */
export async function heldByProcess(): Promise<{ readonly handles: number; readonly memoryMaps: number }> {
  const handles = (await readdir("/proc/self/fd")).length;
  const memoryMaps = (await readFile("/proc/self/maps", "utf8")).split("\n").length - 1;
  return { handles, memoryMaps };
}
