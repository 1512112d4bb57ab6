/** The platform as a provider, with one function that has one replica. Arguments: its home, the bundled runtime. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { listen } from "../../services/local-openfaas/gateway/listener.ts";
import { startProviderFace } from "../../services/local-openfaas/gateway/provider-face.ts";
import { createImageStore } from "../../services/local-openfaas/provider/images.ts";
import { createProvider } from "../../services/local-openfaas/provider/provider.ts";
import { createSecretStore } from "../../services/local-openfaas/provider/secrets.ts";
import { eventually } from "../support/eventually.ts";
import { answerCpu } from "./peer-cpu.ts";

const service = "echo";

async function main(home: string, runtimePath: string): Promise<void> {
  const image = join(home, "image");
  await mkdir(image);
  await writeFile(join(image, "handler.js"), `module.exports = async (event, context) => context.succeed("ok");`);
  const provider = await createProvider({ home, runtimePath, log: { info: () => undefined, warn: console.error } });
  await createImageStore(home).register("bench/echo:1", image);
  await provider.deploy({ service, image: "bench/echo:1" });
  await eventually(() => provider.get(service)!.availableReplicas === 1, { what: "a replica" });
  const listener = await listen("127.0.0.1", 0);
  const secrets = createSecretStore(home);
  const credentials = { user: "admin", password: "bench" };
  startProviderFace({ listener, provider, secrets, credentials, log: console.error });
  answerCpu();
  process.on("message", (message) => {
    if (message === "replica") process.send!(provider.get(service)!.replicas[0]!.port);
  });
  process.once("SIGTERM", () => void provider.close().then(() => process.exit()));
  process.send!({ port: listener.port });
}

void main(process.argv[2]!, process.argv[3]!);
