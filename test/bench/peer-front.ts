/**
 * In front of a provider, as the real gateway is: before a call the function's status, on a connection of its own, one
 * answer for all the calls that wait for it; then the call, passed on in chunks.
 */
import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { answerCpu } from "./peer-cpu.ts";

/** What it answers to the message `counts`. */
export interface FrontCounts {
  readonly calls: number;
  readonly statusCalls: number;
}

const port = Number(process.argv[2]);
const agent = new Agent({ keepAlive: true });
const authorization = `Basic ${Buffer.from("admin:bench").toString("base64")}`;
let calls = 0;
let statusCalls = 0;
let asking: Promise<void> | null = null;

/** Rejects when there is nobody to call. */
function ready(name: string): Promise<void> {
  asking ??= status(name).finally(() => (asking = null));
  return asking;
}

function status(name: string): Promise<void> {
  statusCalls++;
  return new Promise((resolve, reject) => {
    const path = `/system/function/${name}?namespace=openfaas-fn&usage=false`;
    const headers = { authorization, connection: "close" };
    const sent = httpRequest({ agent: false, host: "127.0.0.1", port, path, headers }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += String(chunk)));
      answer.on("end", () => {
        const { availableReplicas } = JSON.parse(text) as { availableReplicas: number };
        if (availableReplicas > 0) resolve();
        else reject(new Error(`${name} has no replica`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

const server = createServer((request, response) => {
  calls++;
  const name = request.url!.slice("/function/".length);
  const { "content-length": _length, ...headers } = request.headers;
  const failed = () => response.destroy();
  ready(name).then(() => {
    const to = {
      agent,
      host: "127.0.0.1",
      port,
      method: request.method!,
      path: `/function/${name}.openfaas-fn`,
      headers,
    };
    const upstream = httpRequest(to, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    upstream.on("error", failed);
    request.pipe(upstream);
  }, failed);
});
answerCpu();
process.on("message", (message) => {
  if (message === "counts") process.send!({ calls, statusCalls } satisfies FrontCounts);
});
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
