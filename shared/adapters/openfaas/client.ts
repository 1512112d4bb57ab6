/** HTTP to an OpenFaaS gateway: base address, credentials, and statuses that never throw. */
import axios, { type AxiosInstance } from "axios";
import { Agent } from "node:http";

import { messageOf } from "../../core/errors.ts";
import { wholeAnswerMs, within } from "../patience.ts";

/** A gateway, and the basic-auth login for it; a request takes at most `timeoutMs`, default 5 s. */
export interface GatewayAddress {
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly timeoutMs?: number;
}

/** Answers every status; rejects only when no answer came. Bodies are text. */
export function gatewayClient({ url, user, password, timeoutMs = 5_000 }: GatewayAddress): AxiosInstance {
  const ask = axios.getAdapter("http");
  const http = axios.create({
    // The client's own limit is one of silence: an answer that drips would hold its caller up for ever.
    adapter: (config) =>
      config.signal
        ? ask(config)
        : within(wholeAnswerMs(config.timeout ?? timeoutMs), (signal) => ask({ ...config, signal })),
    baseURL: url.replace(/(?<!\/)\/+$/, ""),
    timeout: timeoutMs,
    httpAgent: new Agent({ keepAlive: true, maxSockets: 32 }),
    validateStatus: () => true,
    responseType: "text",
    transformResponse: (body: unknown) => body,
    proxy: false,
    maxRedirects: 0,
    headers: { "Content-Type": "application/json", "User-Agent": "replicant" },
    ...(user !== null && password !== null ? { auth: { username: user, password } } : {}),
  });
  http.interceptors.response.use(undefined, (thrown: unknown) => Promise.reject(withoutRequest(thrown)));
  return http;
}

/** axios hangs the whole request on its errors, credentials included, and who logs an error logs what hangs on it. */
function withoutRequest(thrown: unknown): Error {
  const { code } = thrown as { readonly code?: unknown };
  return Object.assign(new Error(messageOf(thrown)), typeof code === "string" && { code });
}

/** The first line of an answer's body, short enough for a sentence. */
export function firstLine(body: unknown): string {
  const line = typeof body === "string" ? (body.split("\n")[0] ?? "").trim() : "";
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
