/** `replicant platform`: the local platform with its bus and secrets, and nothing deployed but what this home remembers. */
import { join, resolve } from "node:path";

import { systemClock as clock } from "#shared/adapters/system-clock.ts";
import { readFlags } from "#shared/config/flags.ts";
import { untilAborted } from "#shared/core/wait.ts";
import { GATEWAY_PROFILES } from "#shared/deploy/gateway-profile.ts";
import { noteRunning } from "#shared/live/find-platform.ts";
import { startLocalPlatform, type LocalPlatform } from "../local-openfaas/index.ts";
import { command, type FlagsOf } from "./command.ts";
import { greeting } from "./greeting.ts";

const OPTIONS = {
  "--port <n>": "its port; 0 lets the system choose (default 8080, of a provider 8081)",
  "--host <address>": "where it listens (default 127.0.0.1)",
  "--profile <name>": "open (0…N replicas) or ce (1…5, as the community edition)",
  "--provider-only": "no gateway of our own: a real one is in front",
  "--gateway-url <url>": "with --provider-only: where functions find that gateway (default http://127.0.0.1:8080)",
  "--verbose": "print what the platform does",
} as const;

const GATEWAY_PORT = 8080;
/** Where OpenFaaS's own providers listen. */
const PROVIDER_PORT = 8081;

export default command({
  name: "platform",
  description: "the local platform alone, for faas-cli or another gateway; runs until it is interrupted",
  options: OPTIONS,
  async run(flags, world) {
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
      await untilAborted(world.signal);
    } finally {
      world.say("stopping …");
      await forget();
      await local.close();
    }
  },
});

/** Throws a `ConfigError` that names every bad flag. */
export function readPlatformFlags(flags: FlagsOf<typeof OPTIONS>) {
  const read = readFlags();
  const { providerOnly = false } = flags;
  const port = read.number("port", flags.port, providerOnly ? PROVIDER_PORT : GATEWAY_PORT, {
    ...{ least: 0, most: 65_535, whole: true },
  });
  const profile = read.choice("profile", flags.profile, GATEWAY_PROFILES, "open");
  if (providerOnly && flags.profile !== undefined) {
    read.problem("--profile is of the gateway, and with --provider-only that is another one");
  }
  const gatewayUrl = flags.gatewayUrl?.replace(/(?<!\/)\/+$/, "");
  if (gatewayUrl !== undefined && !/^https?:\/\/[^/\s]+$/.test(gatewayUrl)) {
    read.problem(`--gateway-url must be an http(s) URL, was: '${flags.gatewayUrl}'`);
  }
  if (!providerOnly) read.refuse({ gatewayUrl }, "goes with --provider-only");
  read.done();
  const front = providerOnly ? (gatewayUrl ?? `http://127.0.0.1:${GATEWAY_PORT}`) : undefined;
  return { port, providerOnly, host: flags.host, profile, gatewayUrl: front };
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
