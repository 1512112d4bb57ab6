/** A Prometheus asked over its HTTP API: an expression and an instant in, numbers by label out. */
import axios from "axios";
import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";

import { messageOf } from "../../core/errors.ts";
import { wholeAnswerMs, within } from "../patience.ts";

/** A Prometheus server, and how to log in to it. */
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

/** One element of an instant vector. */
export interface VectorSample {
  readonly labels: Readonly<Record<string, string>>;
  /** Null for Prometheus's NaN and ±Inf: nothing was measured. */
  readonly value: number | null;
}

/** Asks one Prometheus server. */
export interface PrometheusClient {
  /** For people, without credentials. */
  readonly spoken: string;
  /** An instant query, evaluated now where no instant is given. Rejects with one sentence that names the server; never with the token. */
  ask(expression: string, atMs: number | null): Promise<readonly VectorSample[]>;
}

/** The client for the server at `url`; makes no call before the first `ask`. */
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
        ...(atMs !== null && { time: (atMs / 1_000).toFixed(3) }),
        timeout: `${Math.ceil(timeoutMs)}ms`,
      });
      // POST: with many functions the expression is longer than an address may be.
      // The client's own limit is one of silence: an answer that drips would hold a look up for ever.
      const answer = await within(wholeAnswerMs(timeoutMs), (signal) =>
        http
          .post<unknown>("/api/v1/query", asked, { signal })
          .catch((thrown: unknown) =>
            refuse(
              signal.aborted ? `did not end its answer in ${timeoutMs} ms` : `did not answer: ${messageOf(thrown)}`,
            ),
          ),
      );
      const body = (answer.data ?? {}) as Answer;
      if (answer.status === 401 || answer.status === 403) refuse(`refused the credentials: HTTP ${answer.status}`);
      if (body.status === "error") refuse(`refused a query: ${body.errorType}: ${String(body.error).slice(0, 200)}`);
      if (answer.status !== 200 || body.data?.resultType !== "vector") {
        refuse(`gave no vector, HTTP ${answer.status}: is it the address of a Prometheus?`);
      }
      // Several stores behind one address answer with what some of them have; remarks about the query are not about that.
      const partial = body.warnings?.map(inWords).find((warning) => !warning.startsWith("PromQL "));
      if (partial !== undefined) refuse(`answered in part: ${partial.slice(0, 200)}`);
      const result: unknown = body.data.result;
      if (!Array.isArray(result) || !result.every(isSample)) refuse("gave samples that cannot be read");
      return result.map(({ metric, value }) => {
        const number = Number(value[1]);
        return { labels: metric, value: Number.isFinite(number) ? number : null };
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
  readonly warnings?: readonly unknown[];
  readonly data?: {
    readonly resultType: string;
    readonly result: unknown;
  };
}

interface ToldSample {
  readonly metric: Record<string, string>;
  readonly value: readonly [number, string];
}

function isSample(one: unknown): one is ToldSample {
  const { metric, value } = (one ?? {}) as Partial<ToldSample>;
  return typeof metric === "object" && metric !== null && Array.isArray(value) && typeof value[1] === "string";
}

function inWords(said: unknown): string {
  return typeof said === "string" ? said : JSON.stringify(said);
}
