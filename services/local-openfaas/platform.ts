/** The local platform: an OpenFaaS gateway in front of functions that are processes of this machine. */
import { join } from "node:path";
import type { Router } from "express";
import { hostname } from "node:os";
import { startGateway, type UiContext } from "./gateway/gateway.ts";
import type { GatewayLimits } from "./gateway/limits.ts";
import { listen, type Listener } from "./gateway/listener.ts";
import { startProviderFace } from "./gateway/provider-face.ts";
import { readOrMakePassword, userName } from "./gateway/password.ts";
import { rulesOf } from "#shared/deploy/gateway-profile.ts";
import { checkDeployment } from "./gateway/profile.ts";
import type { Guardian } from "./provider/guardian.ts";
import { createImageStore } from "./provider/images.ts";
import { createProvider, type LocalProvider, type ProviderLog, type ProviderOptions } from "./provider/provider.ts";
import { mountedSecrets } from "./provider/mounted-secrets.ts";
import { createSecretStore } from "./provider/secrets.ts";
import type { Platform, PlatformOptions } from "./types.ts";
import { mountUi } from "./ui/mount.ts";

/** What a platform runs with; beside what its users choose, what tests and its parts need. */
export interface StartPlatformOptions extends PlatformOptions {
  /** Another page at `/ui` than our own; behind the gateway's credentials. */
  readonly mountUi?: (context: UiContext) => Router;
  /** One line for people; default: warnings to stderr. */
  readonly log?: ProviderLog;
  /** Shared with the caller's other child processes; without it the provider has one of its own. */
  readonly guardian?: Guardian;
  readonly gatewayLimits?: Partial<GatewayLimits>;
  readonly providerSettings?: Pick<ProviderOptions, "limits" | "throttleStart" | "concurrentStarts" | "startTimeoutMs">;
  /** How long calls may still take when the platform closes. Default 5 s. */
  readonly closeGraceMs?: number;
}

/** Rejects with `BadInputError` for a port or a home that is in use; nothing is left running then. */
export async function startPlatform(options: StartPlatformOptions): Promise<Platform> {
  const { home, host = "127.0.0.1", profile = "open", closeGraceMs = 5_000 } = options;
  const log = options.log ?? { info: () => undefined, warn: (line: string) => console.error(line) };
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    // Ports first: finding one in use must not cost the start of every restored function.
    const listener = await opened(host, options.port, undo);
    const metricsListener = options.providerOnly ? listener : await opened(host, options.metricsPort ?? 0, undo);
    const password = await readOrMakePassword(home);
    const provider = await startProvider(options, log);
    undo.push(() => provider.close());
    const images = createImageStore(home);
    const secrets = mountedSecrets(createSecretStore(home), home);
    const common = {
      ...{ listener, provider, secrets, credentials: { user: userName, password } },
      log: (line: string) => log.warn(line),
      names: namesOf(host, options.gatewayNames ?? []),
    };
    const gateway = options.providerOnly
      ? startProviderFace({ ...common, upstreamTimeoutMs: options.gatewayLimits?.upstreamTimeoutMs })
      : startGateway({
          ...common,
          ...{ metricsListener, profile, limits: options.gatewayLimits ?? {}, callbackHosts: options.callbackHosts },
          timeLapse: options.timeLapse,
          mountUi: options.mountUi ?? ownUi(options, provider.describeLimits(), common.log),
        });
    undo.push(() => gateway.close(closeGraceMs));
    const rules = rulesOf(profile);

    return {
      url: listener.url,
      metricsUrl: metricsListener.url,
      user: userName,
      password,
      limits: provider.describeLimits(),
      registerImage: (image, folder) => images.register(image, folder),
      deploy: async (deployment) => {
        const others = provider.list().filter((each) => each.deployment.service !== deployment.service);
        checkDeployment(deployment, others.length, rules);
        await provider.deploy(deployment);
      },
      setSecret: async (name, value) => {
        if (!(await secrets.create(name, value))) await secrets.update(name, value);
      },
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Beyond this machine it is known by the machine's name; to containers of it, by Docker's, which no one outside can own. */
function namesOf(host: string, listed: readonly string[]): string[] {
  return ["host.docker.internal", host, ...(host === "127.0.0.1" || host === "::1" ? [] : [hostname()]), ...listed];
}

async function opened(host: string, port: number, undo: (() => Promise<void>)[]): Promise<Listener> {
  const listener = await listen(host, port);
  undo.push(() => listener.close(0));
  return listener;
}

function ownUi({ dist, uiFolder, events }: StartPlatformOptions, limits: string, log: (line: string) => void) {
  const folder = uiFolder ?? join(dist, "services", "local-openfaas", "public");
  return mountUi({ folder, limits, events, log });
}

function startProvider(options: StartPlatformOptions, log: ProviderLog): Promise<LocalProvider> {
  const { home, dist, restore, cfsPeriodMicros, guardian, providerSettings } = options;
  const runtimePath = join(dist, "services", "local-openfaas", "runtime.cjs");
  return createProvider({ ...providerSettings, home, runtimePath, log, restore, cfsPeriodMicros, guardian });
}
