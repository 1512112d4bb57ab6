/** A Prometheus asked over its HTTP API: an expression and an instant in, numbers by label out. */
import axios from "axios";
import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";

import { messageOf } from "../../core/errors.ts";

export interface PrometheusAddress {
  /** Base address, with a path prefix where the server has one. */
  readonly url: string;
  /** Sent as bearer token. */
  readonly token?: string | null;
  /** Whom to trust instead of the system's authorities, PEM. */
  readonly ca?: string | null;
  /** For each query, on either side. */
  readonly timeoutMs: number;
}

export interface VectorSample {
  readonly labels: Readonly<Record<string, string>>;
  /** Finite: Prometheus's NaN and ±Inf tell of nothing measured and are left out. */
  readonly value: number;
}

export interface PrometheusClient {
  /** For people, without credentials. */
  readonly spoken: string;
  /** An instant query. Rejects with one sentence that names the server; never with the token. */
  ask(expression: string, atMs: number): Promise<readonly VectorSample[]>;
}

export function prometheusClient({ url, token, ca, timeoutMs }: PrometheusAddress): PrometheusClient {
  const { origin, pathname, username, password } = new URL(url);
  const spoken = `${origin}${pathname}`.replace(/(?<!\/)\/+$/, "");
  const http = axios.create({
    baseURL: spoken,
    timeout: timeoutMs,
    httpAgent: new Agent({ keepAlive: true, maxSockets: 8 }),
    httpsAgent: new TlsAgent({ keepAlive: true, maxSockets: 8, ...(ca && { ca }) }),
    validateStatus: () => true,
    proxy: false,
    maxRedirects: 0,
    ...(token && { headers: { Authorization: `Bearer ${token}` } }),
    ...(!token &&
      username && { auth: { username: decodeURIComponent(username), password: decodeURIComponent(password) } }),
  });

  return {
    spoken,
    async ask(expression, atMs) {
      const asked = new URLSearchParams({
        query: expression,
        time: (atMs / 1_000).toFixed(3),
        timeout: `${Math.ceil(timeoutMs)}ms`,
      });
      // POST: with many functions the expression is longer than an address may be.
      const answer = await http
        .post<unknown>("/api/v1/query", asked, { signal: AbortSignal.timeout(timeoutMs) })
        .catch((thrown: unknown) => refuse(`did not answer: ${messageOf(thrown)}`));
      const body = (answer.data ?? {}) as Answer;
      if (answer.status === 401 || answer.status === 403) refuse(`refused the credentials: HTTP ${answer.status}`);
      if (body.status === "error") refuse(`refused a query: ${body.errorType}: ${String(body.error).slice(0, 200)}`);
      if (answer.status !== 200 || body.data?.resultType !== "vector") {
        refuse(`gave no vector, HTTP ${answer.status}: is it the address of a Prometheus?`);
      }
      return body.data!.result.flatMap(({ metric, value }) => {
        const number = Number(value[1]);
        return Number.isFinite(number) ? [{ labels: metric, value: number }] : [];
      });
    },
  };

  function refuse(why: string): never {
    throw new Error(`Prometheus at ${spoken} ${why}`);
  }
}

interface Answer {
  readonly status?: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[];
  };
}
