/** A gateway with a real provider and many small functions, in a process of its own: `load-run.ts` puts a load on it. */
import { readdirSync, readFileSync } from "node:fs";

import { startGateway } from "#services/local-openfaas/gateway/gateway.ts";
import { listen } from "#services/local-openfaas/gateway/listener.ts";
import { createProvider } from "#services/local-openfaas/provider/provider.ts";
import { createSecretStore } from "#services/local-openfaas/provider/secrets.ts";
import { eventually } from "#test/support/eventually.ts";

export interface LoadGatewayOptions {
  readonly home: string;
  readonly runtimePath: string;
  readonly image: string;
  readonly functions: number;
  readonly maxCalls: number;
}

/** What the process holds, by count and by bytes. */
export interface Held {
  readonly handles: number;
  readonly memoryMaps: number;
  readonly residentBytes: number;
}

async function main(): Promise<void> {
  const { home, runtimePath, image, functions, maxCalls } = JSON.parse(process.argv[2]!) as LoadGatewayOptions;
  const log = { info: () => undefined, warn: (line: string) => console.error(line) };
  const provider = await createProvider({ home, runtimePath, log, limits: "none", concurrentStarts: 4 });
  const listener = await listen("127.0.0.1", 0);
  const gateway = startGateway({
    ...{ listener, provider, secrets: createSecretStore(home), profile: "open", log: console.error },
    metricsListener: await listen("127.0.0.1", 0),
    credentials: { user: "admin", password: "load" },
    limits: { maxCalls, maxCallsPerFunction: maxCalls },
  });
  for (let i = 0; i < functions; i++) {
    const annotations = { "replicant.policy": "kpa" };
    await provider.deploy({ service: `load-${i}`, image, annotations });
  }
  await eventually(() => provider.list().every(({ availableReplicas }) => availableReplicas === 1), {
    what: "a replica of each function",
    timeoutMs: 30_000 + functions * 3_000,
  });
  process.on("message", () => process.send!(held()));
  process.once("SIGTERM", () => {
    void gateway
      .close(0)
      .then(() => provider.close())
      .then(() => process.exit(0));
  });
  process.send!({ port: listener.port });
}

function held(): Held {
  return {
    handles: readdirSync("/proc/self/fd").length,
    memoryMaps: readFileSync("/proc/self/maps", "utf8").split("\n").length - 1,
    residentBytes: process.memoryUsage.rss(),
  };
}

main().catch((thrown: unknown) => {
  console.error(thrown);
  process.exit(1);
});
