/** Bus, platform and the secrets that every part needs, with nothing deployed yet but what this home remembers. */
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { setUpBus } from "#shared/adapters/nats/set-up.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { startBus, type LocalBus } from "../bus/bus.ts";
import { startPlatform } from "../platform.ts";
import { startGuardian } from "../provider/guardian.ts";
import { lockHome } from "../provider/home-lock.ts";
import type { Platform, PlatformOptions } from "../types.ts";
import { busAccess, type BusAccess } from "./bus-access.ts";
import { writeOwnLogins } from "#shared/live/own-logins.ts";

/** A platform with its bus. */
export interface LocalPlatform {
  readonly platform: Platform;
  readonly bus: LocalBus;
  readonly busAccess: BusAccess;
  /** Signs calls; anew with each start. */
  readonly key: string;
  /** What stack.yml asks of its surroundings. No secrets. */
  readonly variables: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** What they are started with. */
export interface LocalPlatformOptions extends Pick<
  PlatformOptions,
  "home" | "dist" | "host" | "port" | "profile" | "providerOnly" | "restore"
> {
  readonly timeLapse: number;
  /** Where trace time and wall time agree. */
  readonly epochMs: number;
  /** The gateway in front of a provider alone. Default: the platform's own. */
  readonly gatewayUrl?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (message: string) => void;
}

const SET_UP = { name: "replicant-set-up", isOurServer: true } as const;

/** On failure nothing is left running. */
export async function startLocalPlatform(options: LocalPlatformOptions): Promise<LocalPlatform> {
  const { home, dist, env, log } = options;
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    closers.push(await lockHome(home));
    const guardian = await startGuardian(log);
    closers.push(() => guardian.close());
    const bus = await startBus({ home, dist, env, guardian, log });
    closers.push(() => bus.close());
    const access = busAccess(bus, env);
    writeOwnLogins(home, access.ownFiles);
    if (bus.kind !== "external") {
      // No part may make a stream or a bucket, nor change what an earlier version left; and a bus may come back empty.
      const setUp = await setUpBus({ ...access.as("admin"), ...SET_UP }, systemClock, log);
      if (setUp !== null) closers.push(() => setUp.close());
    }
    const events = await natsBus({ ...access.as("dashboard"), name: "replicant-ui", log });
    closers.push(() => events.close());
    const platform = await startPlatform({
      ...{ home, dist, guardian, log: { info: log, warn: log } },
      ...{ host: options.host, port: options.port, profile: options.profile, restore: options.restore },
      ...{ providerOnly: options.providerOnly, cfsPeriodMicros: cfsPeriodMicros(options.timeLapse) },
      timeLapse: options.timeLapse,
      gatewayNames: listOf(env["REPLICANT_GATEWAY_NAMES"]),
      callbackHosts: listOf(env["REPLICANT_CALLBACK_HOSTS"]),
      events: { bus: events, description: bus.describe() },
    });
    closers.push(() => platform.close());

    const key = randomBytes(32).toString("hex");
    const secrets = {
      ...access.secrets,
      "replicant-key": key,
      "basic-auth-user": platform.user,
      "basic-auth-password": platform.password,
    };
    for (const [name, value] of Object.entries(secrets)) await platform.setSecret(name, value);
    return { ...{ platform, bus, busAccess: access, key, close }, variables: variablesOf(options, access, platform) };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function listOf(text = ""): string[] {
  return text.split(",").flatMap((part) => part.trim() || []);
}

/** CFS's usual 100 ms, in trace time; never below 10 ms, where 0.1 core is the kernel's least quota. */
export function cfsPeriodMicros(timeLapse: number): number {
  return Math.max(10_000, Math.round(100_000 / timeLapse));
}

function variablesOf(
  { home, gatewayUrl, timeLapse, epochMs }: LocalPlatformOptions,
  access: BusAccess,
  { url, metricsUrl }: Platform,
): Record<string, string> {
  return {
    REPLICANT_NATS_URL: access.servers.join(","),
    REPLICANT_NATS_SECRETS: access.instead,
    REPLICANT_GATEWAY_URL: gatewayUrl ?? url,
    // The real gateway's metrics have a port of their own, always the same.
    REPLICANT_FUNCTION_METRICS_URL: gatewayUrl === undefined ? `${metricsUrl}/metrics` : metricsOf(gatewayUrl),
    REPLICANT_CONTAINER_METRICS_URL: `${metricsUrl}/containers/metrics`,
    REPLICANT_TIME_LAPSE: String(timeLapse),
    REPLICANT_TIME_LAPSE_EPOCH_MS: String(epochMs),
    REPLICANT_MODEL_FOLDER: resolve(home, "models"),
    REPLICANT_TRAINER_FOLDER: resolve(home, "trainer"),
    REPLICANT_SCALER_FOLDER: resolve(home, "scaler"),
  };
}

function metricsOf(gatewayUrl: string): string {
  const { protocol, hostname } = new URL(gatewayUrl);
  return `${protocol}//${hostname}:8082/metrics`;
}
