/** The platform of this home, as the faults find it and as they must leave it. */
import { openfaasScaleTarget } from "../../adapters/openfaas/scale-target.ts";
import { systemClock as clock } from "../../adapters/system-clock.ts";
import { BadInputError } from "../../core/errors.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { toTraceMs } from "../../core/trace-time.ts";
import { readDeployment } from "../deployment.ts";
import type { LivePlatform } from "../platform.ts";
import type { FaultWorld } from "./faults.ts";
import { startMetricsProxy, type MetricsProxy } from "./metrics-proxy.ts";
import { platformProcesses, type BusServerPid } from "./processes.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import { waitUntil } from "../../core/wait.ts";

const COLLECTOR = "metrics-collector";
const METRICS_URL = "FUNCTION_METRICS_URL";
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);
const LOOK_EVERY_MS = 50;
/** Besides four windows: a frozen replica is noticed within seconds, another needs some to start. */
const PATIENCE_MS = 30_000;

/** The world of the faults, until it is closed. */
export interface OpenWorld {
  readonly world: FaultWorld;
  readonly windowMs: number;
  /** Trace time now, and how fast it runs. */
  readonly nowMs: () => number;
  readonly timeLapse: number;
  /** Puts back what was deployed. */
  close(): Promise<void>;
}

/** The platform and the function that faults are tried on. */
export interface WorldOptions {
  readonly home: string;
  readonly busServerPid: BusServerPid;
  readonly platform: LivePlatform;
  readonly managed: ManagedFunction;
  /** Whether the collector must read its metrics through us. */
  readonly touchesMetrics: boolean;
  readonly signal: AbortSignal;
}

/** Throws `BadInputError` for a platform that is not on this machine alone. */
export async function openWorld(options: WorldOptions): Promise<OpenWorld> {
  const { home, busServerPid, platform, managed, touchesMetrics, signal } = options;
  const { address, gateway, traceTime } = platform;
  const { functionName, namespace, minReplicas } = managed;
  if (!LOOPBACK.has(new URL(address.url).hostname)) {
    throw new BadInputError(`faults are tried on this machine alone, and the platform is at ${address.url}`);
  }
  const processes = platformProcesses(home, busServerPid);
  const collector = await readDeployment(address, COLLECTOR, namespace);
  const { envVars = {} } = collector.found;
  const windowMs = Number(envVars["WINDOW_SECONDS"] ?? WINDOW_SECONDS) * 1_000;

  async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const withinMs = PATIENCE_MS + (4 * windowMs) / traceTime.timeLapse;
    if (await waitUntil(condition, { clock, withinMs, everyMs: LOOK_EVERY_MS, signal })) return;
    throw new Error(`not within ${Math.round(withinMs / 1_000)} s: ${what}`);
  }

  async function isBack(name: string, gone: readonly number[]): Promise<boolean> {
    const found = (await gateway.list()).find((one) => one.name === name);
    return (found?.availableReplicas ?? 0) > 0 && processes.pidsOf(name).some((pid) => !gone.includes(pid));
  }

  /** Deployed anew, with other variables where there are any. */
  async function redeploy(name: string, changed?: Readonly<Record<string, string>>): Promise<void> {
    const deployment = await readDeployment(address, name, namespace);
    await deployment.deploy(changed === undefined ? {} : { envVars: changed });
  }

  let metrics: MetricsProxy | null = null;
  async function close(): Promise<void> {
    if (metrics === null) return;
    await redeploy(COLLECTOR, envVars);
    await metrics.close();
  }

  const target = envVars[METRICS_URL];
  if (touchesMetrics && target !== undefined && !isPrometheus(envVars)) {
    metrics = await startMetricsProxy(target);
    const before = processes.pidsOf(COLLECTOR);
    await redeploy(COLLECTOR, { ...envVars, [METRICS_URL]: metrics.url });
    await until(() => isBack(COLLECTOR, before), "the collector reads through this command");
  }
  const scaleTarget = openfaasScaleTarget(address);
  const world: FaultWorld = {
    ...{ processes, metrics, functionName, leastReplicas: minReplicas, isBack, redeploy, until },
    setCount: async (replicas) => void (await scaleTarget.scale(functionName, namespace, replicas)),
    windows: (count) => clock.sleep((count * windowMs) / traceTime.timeLapse, signal),
  };
  const { timeLapse } = traceTime;
  return { world, windowMs, timeLapse, nowMs: () => toTraceMs(clock.nowMs(), traceTime), close };
}

function isPrometheus(envVars: Readonly<Record<string, string>>): boolean {
  return !["", "none", undefined].includes(envVars["PROMETHEUS_A_URL"]);
}
