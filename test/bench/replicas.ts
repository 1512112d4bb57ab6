/** What a replica costs: the time until it is ready, until a caller at zero has an answer, and memory while idle. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImageStore } from "../../services/local-openfaas/provider/images.ts";
import { createProvider, type LocalProvider } from "../../services/local-openfaas/provider/provider.ts";
import { startGateway } from "../../services/local-openfaas/gateway/gateway.ts";
import { listen } from "../../services/local-openfaas/gateway/listener.ts";
import { createSecretStore } from "../../services/local-openfaas/provider/secrets.ts";
import { eventually } from "../support/eventually.ts";
import { memoryOf, type Memory } from "./memory-of.ts";
import { bundleSource } from "./peer.ts";
import { median, type Row, type Section } from "./section.ts";

const starts = 5;
const idleReplicas = 5;
const functionName = "echo";

export const replicasSection: Section = {
  name: `replicas: cold start (median of ${starts}) and memory`,
  run: async () => {
    const home = await mkdtemp(join(tmpdir(), "bench-"));
    const image = join(home, "echo");
    await mkdir(image);
    await writeFile(
      join(image, "handler.js"),
      `module.exports = async (event, context) => context.succeed(event.body);`,
    );
    const runtimePath = await bundleSource("services/local-openfaas/runtime/main.ts", home);
    const log = { info: () => undefined, warn: (line: string) => console.error(line) };
    const provider = await createProvider({ home, runtimePath, log });
    const listener = await listen("127.0.0.1", 0);
    const gateway = startGateway({
      listener,
      metricsListener: await listen("127.0.0.1", 0),
      provider,
      secrets: createSecretStore(home),
      credentials: { user: "admin", password: "bench" },
      profile: "open",
      log: console.error,
    });
    try {
      await createImageStore(home).register("bench/echo:1", image);
      await provider.deploy({ service: functionName, image: "bench/echo:1" });
      return [...(await coldStarts(provider, listener.url)), ...(await idleMemory(provider))];
    } finally {
      await gateway.close(0);
      await provider.close();
      await rm(home, { recursive: true, force: true });
    }
  },
};

async function coldStarts(provider: LocalProvider, url: string): Promise<Row[]> {
  const readyMs: number[] = [];
  const answeredMs: number[] = [];
  for (let i = 0; i < starts; i++) {
    provider.scale(functionName, 0);
    await eventually(() => provider.get(functionName)!.replicas.length === 0, { what: "no replica" });
    const startedAtMs = performance.now();
    const response = await fetch(`${url}/function/${functionName}`, { method: "POST", body: "x" });
    await response.text();
    if (response.status !== 200) throw new Error(`a cold call answered ${response.status}`);
    answeredMs.push(performance.now() - startedAtMs);
    const [replica] = provider.get(functionName)!.replicas;
    readyMs.push(replica!.readyAtMs! - replica!.startedAtMs);
  }
  return [
    { what: "spawn to ready", value: median(readyMs), unit: "ms" },
    { what: "call at zero to its answer", value: median(answeredMs), unit: "ms" },
  ];
}

async function idleMemory(provider: LocalProvider): Promise<Row[]> {
  provider.scale(functionName, idleReplicas);
  await eventually(() => provider.get(functionName)!.availableReplicas === idleReplicas, { what: "idle replicas" });
  const used = provider
    .get(functionName)!
    .replicas.map(({ pid }) => memoryOf(pid))
    .filter((memory) => memory !== null);
  if (used.length === 0) return [];
  const ofAll = (what: keyof Memory) => median(used.map((memory) => memory[what]));
  return [
    { what: `idle replica, private (of ${idleReplicas})`, value: ofAll("privateMb"), unit: "MB", note: "goal ≤ 10" },
    { what: "idle replica, its share of all (PSS)", value: ofAll("proportionalMb"), unit: "MB" },
  ];
}
