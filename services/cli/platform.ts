/** `replicant platform`: the local platform with its bus and secrets, and nothing deployed but what this home remembers. */
import { join, resolve } from "node:path";

import { systemClock as clock } from "#shared/adapters/system-clock.ts";
import { ConfigError } from "#shared/core/errors.ts";
import { noteRunning } from "#shared/live/find-platform.ts";
import { greeting } from "./up/greeting.ts";
import { startLocalPlatform, type LocalPlatform } from "../local-openfaas/start/local-platform.ts";

export interface PlatformFlags {
  readonly providerOnly?: boolean;
  readonly gatewayUrl?: string;
  readonly host?: string;
  readonly port?: string;
  readonly profile?: string;
  readonly verbose?: boolean;
}

export interface PlatformWorld {
  readonly home: string;
  readonly dist: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const GATEWAY_PORT = 8080;
/** Where OpenFaaS's own providers listen. */
const PROVIDER_PORT = 8081;

/** Runs until it is told to end. Throws `ConfigError` for bad flags, `BadInputError` for a port or a home in use. */
export async function platform(flags: PlatformFlags, world: PlatformWorld): Promise<void> {
  const options = readPlatformFlags(flags);
  const home = resolve(world.home);
  const local = await startLocalPlatform({
    ...options,
    ...{ home, dist: world.dist, env: world.env, timeLapse: 1, epochMs: clock.nowMs() },
    log: flags.verbose ? world.say : () => {},
  });
  const platformUrl = local.platform.url;
  let forget = async () => {};
  try {
    const note = { url: options.gatewayUrl ?? platformUrl, platformUrl, variables: local.variables };
    forget = await noteRunning(home, note);
    for (const line of options.providerOnly ? providerGreeting(local, home) : greeting(local, home)) world.say(line);
    await new Promise<void>((resolve) => {
      if (world.signal.aborted) resolve();
      world.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    world.say("stopping …");
    await forget();
    await local.close();
  }
}

export function readPlatformFlags(flags: PlatformFlags) {
  const problems: string[] = [];
  const { providerOnly = false, profile = "open" } = flags;
  const port = Number(flags.port ?? (providerOnly ? PROVIDER_PORT : GATEWAY_PORT));
  if (flags.port?.trim() === "" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    problems.push(`--port must be a whole number from 0 to 65535, was: '${flags.port}'`);
  }
  if (profile !== "open" && profile !== "ce") problems.push(`--profile must be open or ce, was: '${profile}'`);
  if (providerOnly && flags.profile !== undefined) {
    problems.push("--profile is of the gateway, and with --provider-only that is another one");
  }
  const gatewayUrl = flags.gatewayUrl?.replace(/(?<!\/)\/+$/, "");
  if (gatewayUrl !== undefined && !/^https?:\/\/[^/\s]+$/.test(gatewayUrl)) {
    problems.push(`--gateway-url must be an http(s) URL, was: '${flags.gatewayUrl}'`);
  }
  if (gatewayUrl !== undefined && !providerOnly) problems.push("--gateway-url goes with --provider-only");
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    ...{ port, providerOnly, host: flags.host, profile: profile === "ce" ? ("ce" as const) : ("open" as const) },
    gatewayUrl: providerOnly ? (gatewayUrl ?? `http://127.0.0.1:${GATEWAY_PORT}`) : undefined,
  };
}

function providerGreeting({ platform, bus, variables }: LocalPlatform, home: string): string[] {
  return [
    `provider  ${platform.url}, for a gateway at ${variables["REPLICANT_GATEWAY_URL"]} started with`,
    `          functions_provider_url=${platform.url}/ basic_auth=true secret_mount_path=${join(home, "secrets")}`,
    `metrics   ${platform.metricsUrl}/metrics and ${platform.metricsUrl}/containers/metrics`,
    `bus       ${bus.describe()}`,
    `limits    ${platform.limits}`,
  ];
}
