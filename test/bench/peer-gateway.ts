/** The gateway in front of one ready replica that stands elsewhere, at the port of the first argument. */
import { tmpdir } from "node:os";
import { startGateway } from "../../services/local-openfaas/gateway/gateway.ts";
import { listen } from "../../services/local-openfaas/gateway/listener.ts";
import { createSecretStore } from "../../services/local-openfaas/provider/secrets.ts";
import type { Provider, Replica } from "../../services/local-openfaas/provider/types.ts";
import { answerCpu } from "./peer-cpu.ts";

const replica: Replica = {
  id: "target-00000",
  functionName: "target",
  pid: 0,
  state: "ready",
  port: Number(process.argv[2]),
  startedAtMs: 0,
  readyAtMs: 0,
  inFlight: 0,
};
const limits = { maxInflight: 0, execTimeoutMs: 10_000 };
const provider: Partial<Provider> = {
  list: () => [],
  get: () => undefined,
  pickReady: () => replica,
  watchdog: () => limits,
};

async function main(): Promise<void> {
  const listener = await listen("127.0.0.1", 0);
  startGateway({
    listener,
    metricsListener: await listen("127.0.0.1", 0),
    provider: provider as Provider,
    secrets: createSecretStore(tmpdir()),
    credentials: { user: "admin", password: "bench" },
    profile: "open",
    log: console.error,
  });
  answerCpu();
  process.send!({ port: listener.port });
}

void main();
