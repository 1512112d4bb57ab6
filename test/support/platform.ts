/** The real platform in a home of its own, with the replica runtime bundled once per test process. */
import { build } from "esbuild";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { startPlatform, type StartPlatformOptions } from "#services/local-openfaas/platform.ts";
import type { FunctionDeployment } from "#services/local-openfaas/provider/types.ts";
import type { Platform } from "#services/local-openfaas/types.ts";
import { eventually } from "./eventually.ts";

let bundled: Promise<string> | undefined;

// Outside of any test: the bundle serves them all.
after(async () => {
  if (bundled) await rm(await bundled, { recursive: true, force: true });
});

/** A `dist` folder that holds the runtime and nothing else. */
function distFolder(): Promise<string> {
  bundled ??= (async () => {
    const dist = await mkdtemp(join(tmpdir(), "dist-"));
    await build({
      entryPoints: [join(import.meta.dirname, "../../services/local-openfaas/runtime/main.ts")],
      outfile: join(dist, "services/local-openfaas/runtime.cjs"),
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      logLevel: "error",
    });
    return dist;
  })();
  return bundled;
}

export interface TestPlatform {
  readonly platform: Platform;
  readonly home: string;
  /** Registers `source` as the handler of image `example/NAME:1`. */
  readonly image: (name: string, source: string) => Promise<string>;
  /** Registers, deploys and waits until it is ready. */
  readonly deploy: (name: string, source: string, more?: Partial<FunctionDeployment>) => Promise<void>;
  readonly system: (method: string, path: string, body?: unknown) => Promise<Response>;
}

export async function startTestPlatform(
  t: TestContext,
  options: Partial<StartPlatformOptions> = {},
): Promise<TestPlatform> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), "platform-")));
  const platform = await startPlatform({ dist: await distFolder(), port: 0, closeGraceMs: 500, ...options, home });
  t.after(async () => {
    await platform.close();
    if (!options.home) await rm(home, { recursive: true, force: true });
  });
  const authorization = `Basic ${Buffer.from(`${platform.user}:${platform.password}`).toString("base64")}`;
  const system: TestPlatform["system"] = (method, path, body) =>
    fetch(`${platform.url}/system/${path}`, {
      method,
      headers: { Authorization: authorization },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const image = async (name: string, source: string) => {
    const folder = join(home, "images-of-tests", name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "handler.js"), source);
    await platform.registerImage(`example/${name}:1`, folder);
    return `example/${name}:1`;
  };
  return {
    platform,
    home,
    image,
    system,
    deploy: async (name, source, more = {}) => {
      await platform.deploy({ service: name, image: await image(name, source), ...more });
      await eventually(
        async () =>
          ((await (await system("GET", `function/${name}`)).json()) as { availableReplicas: number })
            .availableReplicas > 0,
        { what: `a replica of ${name}`, timeoutMs: 20_000 },
      );
    },
  };
}
