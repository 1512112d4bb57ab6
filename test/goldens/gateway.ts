/** A fixed list of requests, as faas-cli, callers and scrapers send them, and what the local gateway answers to each. */
import type { TestContext } from "node:test";
import { authorization, startTestGateway } from "#test/support/gateway.ts";
import type { Entries } from "./records.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly anonymous?: true;
  /** The port of the metrics. */
  readonly onMetrics?: true;
}

const ask = (
  method: string,
  path: string,
  body?: unknown,
  more: Omit<Asked, "method" | "path" | "body"> = {},
): Asked => ({ method, path, ...(body === undefined ? {} : { body }), ...more });

const echo = {
  service: "echo",
  image: "example/echo:1",
  envVars: { exec_timeout: "10s" },
  labels: { "com.openfaas.scale.min": "1", "com.openfaas.scale.max": "4" },
  annotations: { topic: "t" },
  limits: { memory: "128Mi", cpu: "500m" },
};
const scale = (serviceName: string, replicas: unknown) => ({ serviceName, replicas });
const anonymous = { anonymous: true } as const;

const REQUESTS: readonly Asked[] = [
  ask("GET", "/healthz", undefined, anonymous),
  ask("POST", "/healthz", undefined, anonymous),
  ask("GET", "/system/functions", undefined, anonymous),
  ask("GET", "/system/functions"),
  ask("PUT", "/system/functions", echo),
  ask("POST", "/system/functions", echo),
  ask("POST", "/system/functions", echo),
  ask("PUT", "/system/functions", { ...echo, namespace: "openfaas-fn" }),
  ask("POST", "/system/functions", { ...echo, service: "Not A Name" }),
  ask("POST", "/system/functions", { ...echo, service: "other", namespace: "staging" }),
  ask("POST", "/system/functions", { ...echo, service: "other", labels: { a: 1 } }),
  ask("POST", "/system/functions", { ...echo, service: "other", limits: { memory: "much" } }),
  ask("POST", "/system/functions", "{"),
  ask("POST", "/system/functions", ""),
  ask("PATCH", "/system/functions", {}),
  ask("GET", "/system/functions?namespace=openfaas-fn"),
  ask("GET", "/system/functions?namespace=staging"),
  ask("GET", "/system/function/echo"),
  ask("GET", "/system/function/echo?usage=1"),
  ask("GET", "/system/function/echo.openfaas-fn"),
  ask("GET", "/system/function/nobody"),
  ask("GET", "/system/function/%zz"),
  ask("POST", "/system/scale-function/echo", scale("echo", 3)),
  ask("POST", "/system/scale-function/echo", scale("echo", 99)),
  ask("POST", "/system/scale-function/echo", scale("other", 1)),
  ask("POST", "/system/scale-function/echo", scale("echo", -1)),
  ask("POST", "/system/scale-function/echo", scale("echo", "many")),
  ask("POST", "/system/scale-function/nobody", scale("nobody", 1)),
  ask("GET", "/function/echo", undefined, anonymous),
  ask("POST", "/function/echo/a/b?c=d", "hello", anonymous),
  ask("POST", "/function/echo.openfaas-fn", "hello", anonymous),
  ask("POST", "/function/nobody", "x", anonymous),
  ask("GET", "/function/nobody.staging", undefined, anonymous),
  ask("GET", "/function", undefined, anonymous),
  ask("GET", "/async-function/echo", undefined, anonymous),
  ask("POST", "/async-function/echo.staging", "x", anonymous),
  ask("GET", "/system/info"),
  ask("GET", "/system/namespaces"),
  ask("GET", "/system/namespace/openfaas-fn"),
  ask("GET", "/system/namespace/staging"),
  ask("POST", "/system/namespace/", { name: "staging" }),
  ask("GET", "/system/secrets"),
  ask("POST", "/system/secrets", { name: "token", value: "one" }),
  ask("POST", "/system/secrets", { name: "token", value: "two" }),
  ask("PUT", "/system/secrets", { name: "token", rawValue: "dHdv" }),
  ask("PUT", "/system/secrets", { name: "other", value: "x" }),
  ask("POST", "/system/secrets", { name: "../up", value: "x" }),
  ask("GET", "/system/secrets?namespace=openfaas-fn"),
  ask("DELETE", "/system/secrets", { name: "token", namespace: "openfaas-fn" }),
  ask("DELETE", "/system/secrets", { name: "token" }),
  ask("GET", "/system/logs?name=echo&tail=1"),
  ask("GET", "/system/logs?name=nobody"),
  ask("GET", "/system/logs"),
  ask("GET", "/system/telemetry"),
  ask("GET", "/system/nothing"),
  ask("POST", "/system/alert", { alerts: [] }),
  ask("GET", "/nothing", undefined, anonymous),
  ask("GET", "/healthz", undefined, { onMetrics: true }),
  ask("POST", "/metrics", undefined, { onMetrics: true }),
  ask("GET", "/system/functions", undefined, { onMetrics: true }),
  ask("DELETE", "/system/functions", { functionName: "echo" }),
  ask("DELETE", "/system/functions", { functionName: "echo" }),
  ask("GET", "/system/functions"),
];

/** Their values are another each time. */
const ACCIDENTAL = new Set(["date", "x-call-id", "x-start-time", "x-duration-seconds", "connection", "keep-alive"]);

export async function gateway(t: TestContext): Promise<Entries> {
  const { url, metricsUrl } = await startTestGateway(t);
  const entries: Record<string, unknown> = {};
  for (const [i, { method, path, body, headers = {}, anonymous: isAnonymous, onMetrics }] of REQUESTS.entries()) {
    const answer = await fetch((onMetrics ? metricsUrl : url) + path, {
      method,
      headers: { ...headers, ...(isAnonymous ? {} : { Authorization: authorization }) },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const answered = [...answer.headers].filter(([name]) => !ACCIDENTAL.has(name));
    const name = `${String(i + 1).padStart(2, "0")} ${method} ${path}`;
    // Refusals may be put in better words; that there are some is recorded.
    const said = answer.ok ? text : text === "" ? "nothing" : "a reason";
    const isLength = ([header]: [string, string]) => header === "content-length" && !answer.ok;
    entries[name] = {
      status: answer.status,
      headers: Object.fromEntries(answered.filter((one) => !isLength(one))),
      said,
    };
  }
  return entries;
}
