/** The provider: deployed functions, each kept running as processes of this machine. */
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { removeOldBuilds } from "./builds.ts";
import { renderContainerMetrics } from "./container-metrics.ts";
import { createDeploymentStore } from "./deployment-store.ts";
import { FunctionRunner } from "./function-runner.ts";
import { checkDeployment, notEnforced } from "./function-spec.ts";
import type { FunctionSpec } from "./function-spec.ts";
import { startGuardian } from "./guardian.ts";
import type { Guardian } from "./guardian.ts";
import { lockHome } from "./home-lock.ts";
import { createImageStore } from "./images.ts";
import { openLimiter } from "./limits/limiter.ts";
import type { LimitsChoice } from "./limits/limiter.ts";
import { FunctionLog } from "./logs/function-log.ts";
import { LogFile } from "./logs/log-file.ts";
import type { ReplicaSurroundings } from "./replica-process.ts";
import { createSecretStore } from "./secrets.ts";
import { StartGate } from "./start-gate.ts";
import type { LogLine, LogQuery, Provider } from "./types.ts";
import { watchdogSettings } from "./watchdog-settings.ts";

export interface ProviderLog {
  info(text: string): void;
  warn(text: string): void;
}

export interface ProviderOptions {
  /** Where images, secrets, deployments, logs and running replicas have their files. Made when missing. */
  readonly home: string;
  /** The bundled runtime (`services/local-openfaas/runtime/main.ts` as CommonJS). */
  readonly runtimePath: string;
  readonly log: ProviderLog;
  /** Shared with the platform's other children; without it the provider has one of its own. */
  readonly guardian?: Guardian | undefined;
  /** Default 50 000: shorter is no better, longer has a worse tail. */
  readonly cfsPeriodMicros?: number | undefined;
  /** The CPU limit holds from a replica's first instruction. Default false: from readiness on. */
  readonly throttleStart?: boolean | undefined;
  /** Default `auto`: the best that works here. */
  readonly limits?: LimitsChoice | undefined;
  /** Bring back what was deployed. Default true. */
  readonly restore?: boolean | ((functionName: string) => boolean) | undefined;
  /** Default 4. */
  readonly concurrentStarts?: number | undefined;
  /** A replica that is not ready by then is killed and counts as crashed. Default 60 000. */
  readonly startTimeoutMs?: number | undefined;
  readonly nowMs?: (() => number) | undefined;
  /** In [0, 1): which ready replica takes a call. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** What the gateway half needs beside `Provider`. */
export interface LocalProvider extends Provider {
  /** How CPU and memory limits are enforced here, one line for people. */
  describeLimits(): string;
}

const USAGE_EVERY_MS = 1_000;

export async function createProvider(options: ProviderOptions): Promise<LocalProvider> {
  const { log } = options;
  const home = resolve(options.home); // replicas run elsewhere: a relative path would be another one there
  const nowMs = options.nowMs ?? Date.now;
  const random = options.random ?? Math.random;
  await mkdir(home, { recursive: true, mode: 0o700 });
  const unlock = await lockHome(home);
  const runFolder = join(home, "run");
  await rm(runFolder, { recursive: true, force: true }); // secrets of replicas whose parent was killed
  await removeOldBuilds(home, nowMs()).catch((thrown: unknown) =>
    log.warn(`old builds cannot be removed: ${messageOf(thrown)}`),
  );
  const guardian = options.guardian ?? (await startGuardian((text) => log.warn(text)));
  const limiter = await openLimiter({
    choice: options.limits ?? "auto",
    cfsPeriodMicros: options.cfsPeriodMicros ?? 50_000,
    guardian,
  });
  if (limiter.enforced) log.info(limiter.description);
  else log.warn(limiter.description);

  const images = createImageStore(home);
  const secrets = createSecretStore(home);
  const deployments = createDeploymentStore(home);
  const around: ReplicaSurroundings = {
    runtimePath: resolve(options.runtimePath),
    runFolder,
    startTimeoutMs: options.startTimeoutMs ?? 60_000,
    throttleStart: options.throttleStart ?? false,
    gate: new StartGate(options.concurrentStarts ?? 4),
    guardian,
    limiter,
    secrets,
    nowMs,
  };
  const runners = new Map<string, FunctionRunner>();
  const background = new Set<Promise<void>>();

  const save = (functionName: string) =>
    deployments.save(functionName, () => {
      const runner = runners.get(functionName);
      if (!runner) return undefined;
      const { createdAtMs, desiredReplicas, spec } = runner;
      return { deployment: spec.deployment, createdAtMs, desiredReplicas };
    });

  const start = (spec: FunctionSpec, createdAtMs: number, desiredReplicas: number) => {
    const name = spec.deployment.service;
    const file = new LogFile(join(home, "logs", `${name}.ndjson`), (thrown) =>
      log.warn(`the log of '${name}' cannot be written: ${messageOf(thrown)}`),
    );
    const functionLog = new FunctionLog(name, file, nowMs);
    for (const text of notEnforced(spec.deployment)) functionLog.note(name, text);
    runners.set(name, new FunctionRunner({ spec, createdAtMs, desiredReplicas, around, log: functionLog, random }));
  };

  /** `close` waits for it. */
  const inBackground = (work: Promise<void>) => {
    background.add(work);
    void work.finally(() => background.delete(work));
  };
  const retire = (runner: FunctionRunner) => inBackground(runner.stop().then(() => runner.log.end()));

  const deployed = (functionName: string) => {
    const runner = runners.get(functionName);
    if (!runner) throw new BadInputError(`function '${functionName}' is not deployed`);
    return runner;
  };

  const measureAll = async () => {
    await Promise.all([...runners.values()].flatMap(({ replicas }) => replicas.map((replica) => replica.measure())));
  };
  const measuring = setInterval(() => void measureAll(), USAGE_EVERY_MS).unref();

  const update = async (spec: FunctionSpec) => {
    const runner = deployed(spec.deployment.service);
    for (const text of notEnforced(spec.deployment)) runner.log.note(spec.deployment.service, text);
    runner.update(spec, spec.minReplicas ?? runner.desiredReplicas);
    await save(spec.deployment.service);
  };

  let closing: Promise<void> | undefined;
  const close = async () => {
    clearInterval(measuring);
    for (const runner of runners.values()) retire(runner);
    await Promise.all(background);
    await limiter.close();
    if (!options.guardian) await guardian.close();
    await unlock();
  };

  const provider: LocalProvider = {
    list: () => [...runners.values()].map((runner) => runner.snapshot()),
    get: (functionName) => runners.get(functionName)?.snapshot(),
    deploy: async (deployment) => {
      const spec = await checkDeployment(deployment, images, secrets);
      if (runners.has(deployment.service)) return update(spec);
      start(spec, nowMs(), spec.minReplicas ?? 1);
      await save(deployment.service);
    },
    update: async (deployment) => {
      deployed(deployment.service);
      await update(await checkDeployment(deployment, images, secrets));
    },
    remove: async (functionName) => {
      const runner = deployed(functionName);
      runners.delete(functionName);
      retire(runner);
      await save(functionName);
    },
    scale: (functionName, replicas) => {
      if (!Number.isInteger(replicas) || replicas < 0) {
        throw new BadInputError(`replicas must be a whole number of at least 0, was: ${replicas}`);
      }
      deployed(functionName).scale(replicas);
      inBackground(
        save(functionName).catch((thrown: unknown) =>
          log.warn(`the replica count of '${functionName}' could not be saved: ${messageOf(thrown)}`),
        ),
      );
    },
    pickReady: (functionName) => runners.get(functionName)?.pickReady(),
    whenReady: (functionName, timeoutMs) => runners.get(functionName)?.whenReady(timeoutMs) ?? Promise.resolve(false),
    watchdog: (functionName) => runners.get(functionName)?.spec.settings ?? watchdogSettings(),
    logs: (query, signal) => runners.get(query.name)?.log.read(query, signal) ?? noLines(query),
    containerMetrics: async () => {
      await measureAll();
      const all = [...runners.values()];
      return renderContainerMetrics(
        all.flatMap(({ spec: _, replicas }) =>
          replicas.map(({ id, functionName, spec, measured }) => ({
            id,
            functionName,
            resources: spec.resources,
            usage: measured,
          })),
        ),
        all.map(({ spec, outOfMemoryKills }) => ({ functionName: spec.deployment.service, outOfMemoryKills })),
      );
    },
    describeLimits: () => limiter.description,
    close: () => (closing ??= close()),
  };

  const { restore = true } = options;
  if (restore !== false) {
    for (const stored of await deployments.load((problem) => log.warn(problem))) {
      if (restore !== true && !restore(stored.deployment.service)) continue;
      try {
        const spec = await checkDeployment(stored.deployment, images, secrets);
        start(spec, stored.createdAtMs, stored.desiredReplicas);
      } catch (thrown) {
        log.warn(`function '${stored.deployment.service}' is not restored: ${messageOf(thrown)}`);
      }
    }
  }
  return provider;
}

async function* noLines(_query: LogQuery): AsyncGenerator<LogLine> {
  // A function that is not deployed has no log.
}
