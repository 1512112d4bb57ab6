/** A gateway in front of a fake provider, on ports of its own; closed when the test ends. */
import { mkdtemp, rm } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Credentials } from "#services/local-openfaas/gateway/auth.ts";
import { startGateway, type GatewayOptions } from "#services/local-openfaas/gateway/gateway.ts";
import { listen } from "#services/local-openfaas/gateway/listener.ts";
import { createSecretStore } from "#services/local-openfaas/provider/secrets.ts";
import { FakeProvider } from "./fake-provider.ts";

export const credentials = { user: "admin", password: "open-sesame" };
export const authorization = authorizationOf(credentials);

export function authorizationOf({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

export interface TestGateway {
  readonly url: string;
  readonly metricsUrl: string;
  readonly provider: FakeProvider;
  readonly logged: string[];
  /** A control call with credentials; a body that is no string is sent as JSON. */
  readonly system: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  /** The value of one series, undefined when it is not there. */
  readonly metric: (series: string) => Promise<number | undefined>;
  readonly deploy: (service: string, more?: object) => Promise<void>;
}

export interface TestGatewayOptions extends Partial<
  Pick<GatewayOptions, "limits" | "profile" | "mountUi" | "names" | "callbackHosts" | "credentials" | "timeLapse">
> {
  readonly handlers?: Readonly<Record<string, RequestListener>>;
  readonly held?: boolean;
  readonly deployTurns?: number;
}

export async function startTestGateway(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const home = await mkdtemp(join(tmpdir(), "gateway-"));
  const provider = new FakeProvider(options);
  const [listener, metricsListener] = [await listen("127.0.0.1", 0), await listen("127.0.0.1", 0)];
  const logged: string[] = [];
  const gateway = startGateway({
    listener,
    metricsListener,
    provider,
    secrets: createSecretStore(home),
    credentials: options.credentials ?? credentials,
    profile: options.profile ?? "open",
    limits: options.limits ?? {},
    mountUi: options.mountUi,
    names: options.names,
    callbackHosts: options.callbackHosts,
    timeLapse: options.timeLapse,
    log: (line) => logged.push(line),
  });
  t.after(async () => {
    await gateway.close(200);
    await provider.close();
    await rm(home, { recursive: true });
  });
  const { url } = listener;
  return {
    url,
    metricsUrl: metricsListener.url,
    provider,
    logged,
    system: (method, path, body, headers = {}) =>
      fetch(`${url}/system/${path}`, {
        method,
        headers: { Authorization: authorizationOf(options.credentials ?? credentials), ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    metric: (series) => readMetric(metricsListener.url, series),
    deploy: (service, more = {}) => provider.deploy({ service, image: `example/${service}:1`, ...more }),
  };
}

/** `name{label="…"}` exactly as the exposition writes it. */
export async function readMetric(metricsUrl: string, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
