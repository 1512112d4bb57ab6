/** What the provider's tests share: the bundled runtime, functions made of a few lines, and a provider that ends with its test. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { build } from "esbuild";
import { createImageStore } from "#services/local-openfaas/provider/images.ts";
import {
  createProvider,
  type LocalProvider,
  type ProviderOptions,
} from "#services/local-openfaas/provider/provider.ts";
import type { FunctionDeployment, LogLine, Replica } from "#services/local-openfaas/provider/types.ts";
import { eventually } from "#test/support/eventually.ts";

const RUNTIME = new URL("../../../services/local-openfaas/runtime/main.ts", import.meta.url).pathname;

/** A folder that is gone after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Bundles the runtime as the build does; the path of the file. */
export async function bundleRuntime(folder: string): Promise<string> {
  const outfile = join(folder, "runtime.cjs");
  await build({
    entryPoints: [RUNTIME],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    logLevel: "error",
  });
  return outfile;
}

/** A function folder with this handler source; the folder. */
export async function writeFunction(folder: string, source: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{"type":"commonjs"}');
  await writeFile(join(folder, "handler.js"), source);
  return folder;
}

export interface TestProvider {
  readonly provider: LocalProvider;
  readonly home: string;
  readonly runtimePath: string;
  /** What the provider has warned about. */
  readonly warnings: readonly string[];
  /** Registers `example/<name>:1` with this handler and deploys it; resolves when the provider has accepted. */
  deploy(name: string, source: string, more?: Partial<FunctionDeployment>): Promise<void>;
  readyReplicas(name: string): readonly Replica[];
  log(name: string): Promise<readonly string[]>;
}

export async function startProvider(t: TestContext, options: Partial<ProviderOptions> = {}): Promise<TestProvider> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-test-"));
  const home = options.home ?? join(folder, "home");
  const runtimePath = options.runtimePath ?? (await bundleRuntime(folder));
  const warnings: string[] = [];
  const provider = await createProvider({
    home,
    runtimePath,
    log: { info: () => {}, warn: (text) => warnings.push(text) },
    ...options,
  });
  t.after(async () => {
    await provider.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    provider,
    home,
    runtimePath,
    warnings,
    deploy: async (name, source, more = {}) => {
      const image = `example/${name}:1`;
      await createImageStore(home).register(image, await writeFunction(join(folder, "images", name), source));
      await provider.deploy({ service: name, image, ...more });
    },
    readyReplicas: (name) => (provider.get(name)?.replicas ?? []).filter(({ state }) => state === "ready"),
    log: async (name) => (await allLines(provider.logs({ name, follow: false }, never))).map(({ text }) => text),
  };
}

export const never = new AbortController().signal;

export async function allLines(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

/** A call as the gateway's proxy makes it: counted while it is under way. */
export async function call(
  replica: Replica,
  path = "/",
  init: RequestInit = {},
): Promise<{ status: number; text: string }> {
  replica.inFlight++;
  try {
    const response = await fetch(`http://127.0.0.1:${replica.port}${path}`, init);
    return { status: response.status, text: await response.text() };
  } finally {
    replica.inFlight--;
  }
}

export async function whenAvailable(setup: TestProvider, name: string, count: number): Promise<readonly Replica[]> {
  await eventually(() => setup.readyReplicas(name).length === count, {
    what: `${count} ready replicas of ${name}`,
    timeoutMs: 30_000,
  });
  return setup.readyReplicas(name);
}

/** A zombie, which nobody has waited for yet, is not alive. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    return stat === "" || stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}
