/** The provider: deployed functions, each kept running as processes of this machine. */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Files } from "#shared/adapters/files/files.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { diskProblem } from "#shared/adapters/files/storage-error.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { removeOldBuilds } from "./builds.ts";
import { renderContainerMetrics } from "./container-metrics.ts";
import { createDeploymentStore } from "./deployment-store.ts";
import { FunctionRunner } from "./function-runner.ts";
import { checkDeployment, notEnforced, type FunctionSpec } from "./function-spec.ts";
import { startGuardian, type Guardian } from "./guardian.ts";
import { lockHome } from "./home-lock.ts";
import { createImageStore } from "./images.ts";
import { tidyHome } from "./leftovers.ts";
import { openLimiter, type LimitsChoice } from "./limits/limiter.ts";
import { LOOK_EVERY_MS } from "./liveness.ts";
import { FunctionLog, gapLine } from "./logs/function-log.ts";
import { LogFile } from "./logs/log-file.ts";
import type { ReplicaSurroundings } from "./replica-process.ts";
import { runFolderOf } from "./mounted-secrets.ts";
import { createSecretStore } from "./secrets.ts";
import { StartGate } from "./start-gate.ts";
import type { LogLine, Provider } from "./types.ts";
import { watchdogSettings } from "#shared/deploy/watchdog-settings.ts";

/** Lines for people. */
export interface ProviderLog {
  info(text: string): void;
  warn(text: string): void;
}

/** What a provider runs with. */
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
  /** Where state is written. Default: this machine's. */
  readonly files?: Files | undefined;
  /** In [0, 1): which ready replica takes a call. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** What the gateway half needs beside `Provider`. */
export interface LocalProvider extends Provider {
  /** How CPU and memory limits are enforced here, one line for people. */
  describeLimits(): string;
}

const USAGE_EVERY_MS = 1_000;
/** How long after a failure a replica count is written again. */
const SAVE_AGAIN_MS = 2_000;

/**
 * Takes the home, brings back what was deployed there, and starts its replicas. Throws `BadInputError` for a home in use,
 * `StorageError` for one that cannot be locked.
 */
export async function createProvider(options: ProviderOptions): Promise<LocalProvider> {
  const { log, files = nodeFiles, nowMs = Date.now, random = Math.random } = options;
  const home = resolve(options.home); // replicas run elsewhere: a relative path would be another one there
  await mkdir(home, { recursive: true, mode: 0o700 });
  const unlock = await lockHome(home);
  // Of this process alone: the guardian of one that was killed may still be at work when the next has started.
  const runFolder = runFolderOf(home);
  await tidyHome(home, files).catch((thrown: unknown) => log.warn(`leftovers cannot be removed: ${messageOf(thrown)}`));
  await removeOldBuilds(home, nowMs()).catch((thrown: unknown) =>
    log.warn(`old builds cannot be removed: ${messageOf(thrown)}`),
  );
  const guardian = options.guardian ?? (await startGuardian((text) => log.warn(text)));
  guardian.removeAtEnd(runFolder);
  const limiter = await openLimiter({
    choice: options.limits ?? "auto",
    cfsPeriodMicros: options.cfsPeriodMicros ?? 50_000,
    guardian,
  });
  if (limiter.enforced) log.info(limiter.description);
  else log.warn(limiter.description);

  const images = createImageStore(home, files);
  const secrets = createSecretStore(home, files);
  const deployments = createDeploymentStore(home, files);
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
  const logFiles = new Map<string, LogFile>();
  const background = new Set<Promise<void>>();

  const unsaved = new Map<string, NodeJS.Timeout>();

  /** A count is set whatever the disk says, or a full one would stop all scaling; it is written as soon as that works. */
  const saveCount = async (functionName: string): Promise<void> => {
    const isRepeated = unsaved.has(functionName);
    clearTimeout(unsaved.get(functionName));
    try {
      await deployments.saveCount(functionName, () => runners.get(functionName)?.desiredReplicas);
      unsaved.delete(functionName);
    } catch (thrown) {
      if (!isRepeated) log.warn(`the replica count of '${functionName}' could not be saved: ${messageOf(thrown)}`);
      unsaved.set(functionName, setTimeout(() => inBackground(saveCount(functionName)), SAVE_AGAIN_MS).unref());
    }
  };

  /** Deployments change one after the other, each on the disk first. */
  let changes: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const changed = changes.then(change);
    changes = changed.catch(() => {});
    return changed;
  };

  /** One of a name: a function that is deployed again goes on where the one before it may still be writing. */
  const logFileOf = (name: string) => {
    const known = logFiles.get(name);
    if (known) return known;
    const onError = (thrown: unknown) => log.warn(`the log of '${name}' cannot be written: ${diskProblem(thrown)}`);
    const gap = (lines: number) => JSON.stringify(gapLine(name, lines, nowMs()));
    const file = new LogFile(join(home, "logs", `${name}.ndjson`), onError, { files, gap });
    logFiles.set(name, file);
    return file;
  };

  const start = (spec: FunctionSpec, createdAtMs: number, desiredReplicas: number) => {
    const name = spec.deployment.service;
    const functionLog = new FunctionLog(name, logFileOf(name), nowMs);
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

  const measureAll = async ({ unlessYoungerMs }: { readonly unlessYoungerMs: number }) => {
    const atMs = nowMs();
    const old = [...runners.values()].flatMap(({ replicas }) =>
      replicas.filter(({ measured }) => measured === null || atMs - measured.atMs >= unlessYoungerMs),
    );
    await Promise.all(old.map((replica) => replica.measure()));
  };
  // What a scrape has just measured is young enough for everybody else.
  const measuring = setInterval(
    () => void measureAll({ unlessYoungerMs: USAGE_EVERY_MS * 0.9 }),
    USAGE_EVERY_MS,
  ).unref();
  const looking = setInterval(() => {
    for (const { replicas } of runners.values()) for (const replica of replicas) replica.look();
  }, LOOK_EVERY_MS).unref();

  const update = async (spec: FunctionSpec) => {
    const { deployment } = spec;
    const runner = deployed(deployment.service);
    const count = () => spec.minReplicas ?? runner.desiredReplicas;
    await deployments.put({ deployment, createdAtMs: runner.createdAtMs, desiredReplicas: count() });
    for (const text of notEnforced(deployment)) runner.log.note(deployment.service, text);
    runner.update(spec, count());
    inBackground(saveCount(deployment.service)); // it may have been set meanwhile
  };

  let closing: Promise<void> | undefined;
  const close = async () => {
    clearInterval(measuring);
    clearInterval(looking);
    await changes;
    for (const runner of runners.values()) retire(runner);
    for (const functionName of unsaved.keys()) inBackground(saveCount(functionName));
    await Promise.all(background);
    for (const timer of unsaved.values()) clearTimeout(timer);
    await limiter.close();
    if (!options.guardian) await guardian.close();
    await unlock();
  };

  const provider: LocalProvider = {
    list: () => [...runners.values()].map((runner) => runner.snapshot()),
    get: (functionName) => runners.get(functionName)?.snapshot(),
    deploy: (deployment) =>
      inTurn(async () => {
        const spec = await checkDeployment(deployment, images, secrets);
        if (runners.has(deployment.service)) return update(spec);
        const [createdAtMs, desiredReplicas] = [nowMs(), spec.minReplicas ?? 1];
        await deployments.put({ deployment, createdAtMs, desiredReplicas });
        start(spec, createdAtMs, desiredReplicas);
      }),
    update: (deployment) =>
      inTurn(async () => {
        deployed(deployment.service);
        await update(await checkDeployment(deployment, images, secrets));
      }),
    remove: (functionName) =>
      inTurn(async () => {
        const runner = deployed(functionName);
        await deployments.remove(functionName);
        runners.delete(functionName);
        retire(runner);
      }),
    scale: (functionName, replicas) => {
      if (!Number.isInteger(replicas) || replicas < 0) {
        throw new BadInputError(`replicas must be a whole number of at least 0, was: ${replicas}`);
      }
      deployed(functionName).scale(replicas);
      inBackground(saveCount(functionName));
    },
    pickReady: (functionName) => runners.get(functionName)?.pickReady(),
    whenReady: (functionName, timeoutMs, left) =>
      runners.get(functionName)?.whenReady(timeoutMs, left) ?? Promise.resolve(false),
    watchdog: (functionName) => runners.get(functionName)?.spec.settings ?? watchdogSettings(),
    logs: (query, signal) => runners.get(query.name)?.log.read(query, signal) ?? noLines(),
    containerMetrics: async () => {
      await measureAll({ unlessYoungerMs: 0 });
      return renderContainerMetrics(runners, nowMs());
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

async function* noLines(): AsyncGenerator<LogLine> {
  // A function that is not deployed has no log.
}
