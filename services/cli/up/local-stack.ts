/** The whole stack on this machine: bus, platform, secrets, and every function of stack.yml deployed and ready. */
import { randomBytes } from "node:crypto";
import { dirname, join, resolve } from "node:path";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import type { Clock } from "#shared/core/clock.ts";
import { BadInputError } from "#shared/core/errors.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";
import { startBus, type LocalBus } from "../../local-openfaas/bus/bus.ts";
import { startGuardian } from "../../local-openfaas/provider/guardian.ts";
import { lockHome } from "../../local-openfaas/provider/home-lock.ts";
import { startPlatform } from "../../local-openfaas/platform.ts";
import type { FunctionDeployment } from "../../local-openfaas/provider/types.ts";
import type { Platform } from "../../local-openfaas/types.ts";
import { readStack, type StackFunction } from "../stack.ts";
import type { UpOptions } from "./options.ts";

export interface LocalStack {
  readonly platform: Platform;
  readonly bus: LocalBus;
  readonly gateway: FunctionGateway;
  /** Signs calls. */
  readonly key: string;
  readonly functions: readonly StackFunction[];
  close(): Promise<void>;
}

export interface LocalStackOptions extends Pick<UpOptions, "port" | "profile" | "stack" | "policy" | "timeLapse"> {
  readonly home: string;
  readonly dist: string;
  readonly epochMs: number;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

const READY_WITHIN_MS = 60_000;

/** On failure nothing is left running. */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { home, dist, env, log } = options;
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    closers.push(await lockHome(home));
    const inStack = new Set(readStack(options.stack, env).map(({ name }) => name));
    const guardian = await startGuardian(log);
    closers.push(() => guardian.close());
    const bus = await startBus({ home, dist, env, guardian, log });
    closers.push(() => bus.close());
    const heard = await natsBus({ servers: [bus.url], token: bus.token, name: "replicant-ui", log });
    closers.push(() => heard.close());
    const platform = await startPlatform({
      home,
      dist,
      port: options.port,
      profile: options.profile,
      cfsPeriodMicros: cfsPeriodMicros(options.timeLapse),
      // What the stack deploys anyway would only start twice, the first time with the addresses of the last run.
      restore: (functionName) => !inStack.has(functionName),
      events: { bus: heard, description: bus.describe() },
      guardian,
      log: { info: log, warn: log },
    });
    closers.push(() => platform.close());

    const key = randomBytes(32).toString("hex");
    const secrets = {
      "replicant-key": key,
      "nats-token": bus.token ?? "",
      "basic-auth-user": platform.user,
      "basic-auth-password": platform.password,
    };
    for (const [name, value] of Object.entries(secrets)) await platform.setSecret(name, value);

    const functions = readStack(options.stack, { ...env, ...variablesOf(options, bus, platform) });
    const folder = dirname(resolve(options.stack));
    for (const one of functions) {
      await platform.registerImage(one.image, join(folder, one.handler));
      await platform.deploy(deploymentOf(one));
    }
    const gateway = openfaasGateway({ url: platform.url, user: platform.user, password: platform.password });
    await allReady(gateway, functions, options);
    return { platform, bus, gateway, key, functions, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** CFS's usual 100 ms, in trace time; never below 10 ms, where 0.1 core is the kernel's least quota. */
function cfsPeriodMicros(timeLapse: number): number {
  return Math.max(10_000, Math.round(100_000 / timeLapse));
}

function variablesOf(options: LocalStackOptions, bus: LocalBus, platform: Platform): Record<string, string> {
  return {
    REPLICANT_NATS_URL: bus.url,
    REPLICANT_GATEWAY_URL: platform.url,
    REPLICANT_FUNCTION_METRICS_URL: `${platform.metricsUrl}/metrics`,
    REPLICANT_CONTAINER_METRICS_URL: `${platform.metricsUrl}/containers/metrics`,
    REPLICANT_TIME_LAPSE: String(options.timeLapse),
    REPLICANT_TIME_LAPSE_EPOCH_MS: String(options.epochMs),
    ...(options.policy === null ? {} : { REPLICANT_POLICY: options.policy }),
  };
}

function deploymentOf(one: StackFunction): FunctionDeployment {
  return {
    service: one.name,
    image: one.image,
    namespace: "openfaas-fn",
    envProcess: "node index.js",
    envVars: one.environment,
    secrets: one.secrets,
    labels: one.labels,
    annotations: one.annotations,
    limits: one.limits,
    requests: one.requests,
  };
}

async function allReady(
  gateway: FunctionGateway,
  functions: readonly StackFunction[],
  { clock, signal }: LocalStackOptions,
): Promise<void> {
  const deadlineMs = clock.nowMs() + READY_WITHIN_MS;
  for (;;) {
    const statuses = await gateway.list();
    const waiting = functions.filter(
      ({ name }) =>
        !statuses.some((status) => status.name === name && (status.availableReplicas > 0 || status.replicas === 0)),
    );
    if (waiting.length === 0 || signal.aborted) return;
    if (clock.nowMs() > deadlineMs) {
      const names = waiting.map(({ name }) => name).join(", ");
      throw new BadInputError(`not ready within ${READY_WITHIN_MS / 1_000} s: ${names}; see their logs`);
    }
    await clock.sleep(100, signal);
  }
}
