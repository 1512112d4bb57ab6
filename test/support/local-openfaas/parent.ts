/** A platform that a test kills: starts a provider with one function, says which processes there are, and goes on. */
import { createImageStore } from "#services/local-openfaas/provider/images.ts";
import { createProvider } from "#services/local-openfaas/provider/provider.ts";
import { createSecretStore } from "#services/local-openfaas/provider/secrets.ts";
import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";

const [home, runtimePath, functionFolder, limits] = process.argv.slice(2) as [string, string, string, "auto" | "none"];
const guardian = await startGuardian(console.error);
const provider = await createProvider({
  home,
  runtimePath,
  guardian,
  limits,
  log: { info: () => {}, warn: console.error },
});
await createImageStore(home).register("example/app:1", functionFolder);
await createSecretStore(home).create("api-key", "s3cret");
await provider.deploy({
  service: "app",
  image: "example/app:1",
  secrets: ["api-key"],
  labels: { "com.openfaas.scale.min": "2" },
});
const announce = setInterval(() => {
  const { availableReplicas, replicas } = provider.get("app")!;
  if (availableReplicas < 2) return;
  clearInterval(announce);
  console.log(JSON.stringify({ guardian: guardian.pid, replicas: replicas.map(({ pid, port }) => ({ pid, port })) }));
}, 20);
setInterval(() => {}, 60_000);
