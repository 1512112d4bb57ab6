/** Where a calibration measures: a platform of our own, or somebody's gateway. Both are spoken to in the same way, over HTTP. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import { httpMetricsEndpoint } from "../../adapters/http-metrics.ts";
import { firstLine, gatewayClient, type GatewayAddress } from "../../adapters/openfaas/client.ts";
import { openfaasGateway } from "../../adapters/openfaas/function-gateway.ts";
import { openfaasScaleTarget } from "../../adapters/openfaas/scale-target.ts";
import { systemClock as clock } from "../../adapters/system-clock.ts";
import { BadInputError } from "../../core/errors.ts";
import type { FunctionGateway } from "../../ports/function-gateway.ts";
import type { MetricsEndpoint } from "../../ports/metrics-source.ts";
import type { ScaleTarget } from "../../ports/scale-target.ts";
import { startPlatform } from "../../../services/local-openfaas/platform.ts";
import { passwordOf, type GatewayFlags } from "../find-platform.ts";
import { cfsPeriodMicros } from "../../../services/local-openfaas/start/local-platform.ts";

/** Ours alone; a leftover of a run that was killed is taken away. */
export const CALIBRATED_NAME = "replicant-calibrate";
export const NAMESPACE = "openfaas-fn";

export interface Place {
  /** One line for people. */
  readonly description: string;
  /** The stress function deployed by `deploy` is called here. */
  readonly functionUrl: string;
  readonly gateway: FunctionGateway;
  readonly target: ScaleTarget;
  /** Null where the metrics are not known. */
  readonly metrics: MetricsEndpoint | null;
  readonly cfsPeriodSeconds: number | null;
  /** Null: nobody knows what the cluster has. */
  readonly cores: number | null;
  /** How often a count may be asked for. */
  readonly pollMs: number;
  /** Deploys the stress function with one replica and waits until that is ready. Throws `BadInputError` when it cannot be. */
  deploy(limitMilliCores: number | null): Promise<void>;
  /** Memory of all of its replicas; null where the platform does not tell. */
  memoryBytes(): Promise<number | null>;
  remove(): Promise<void>;
  /** Takes everything away that was put there. */
  close(): Promise<void>;
}

export interface PlaceWorld {
  readonly dist: string;
  readonly home: string;
  readonly log: (line: string) => void;
}

/** A platform of our own in a folder of its own, on loopback and a free port. Nothing is left of it. */
export async function localPlace({ dist, log }: PlaceWorld, timeLapse: number): Promise<Place> {
  const home = await mkdtemp(join(tmpdir(), "replicant-calibrate-"));
  const periodMicros = cfsPeriodMicros(timeLapse);
  try {
    const platform = await startPlatform({
      ...{ home, dist, port: 0, restore: false, cfsPeriodMicros: periodMicros },
      log: { info: log, warn: log },
    });
    const image = "replicant/calibrate:local";
    await platform.registerImage(image, join(dist, "functions", "stress"));
    const { url, user, password, metricsUrl } = platform;
    return {
      ...spokenTo({ url, user, password }, image),
      description: `a platform of our own, ${availableParallelism()} cores; ${platform.limits}`,
      metrics: httpMetricsEndpoint({
        functionMetricsUrl: `${metricsUrl}/metrics`,
        containerMetricsUrl: `${metricsUrl}/containers/metrics`,
        timeoutMs: 1_000,
      }),
      cfsPeriodSeconds: periodMicros / 1e6,
      cores: availableParallelism(),
      pollMs: 10,
      close: async () => {
        await platform.close();
        await rm(home, { recursive: true, force: true });
      },
    };
  } catch (thrown) {
    await rm(home, { recursive: true, force: true });
    throw thrown;
  }
}

export interface RemoteOptions {
  readonly gateway: string;
  readonly functionName: string;
  readonly functionMetrics: string | null;
  readonly containerMetrics: string | null;
}

/** A gateway that is there already; its stress function lends its image. Throws `BadInputError` when it has none. */
export async function remotePlace(flags: GatewayFlags, options: RemoteOptions, { home }: PlaceWorld): Promise<Place> {
  const { gateway: url, functionName, functionMetrics, containerMetrics } = options;
  const password = flags.passwordFile === undefined ? passwordOf(home) : readPassword(flags.passwordFile);
  const address = { url, user: password === null ? null : (flags.user ?? "admin"), password };
  const lender = (await openfaasGateway(address).list()).find(({ name }) => name === functionName);
  if (!lender)
    throw new BadInputError(`${url} has no function '${functionName}': deploy it, or name another with --function`);
  const place = spokenTo(address, lender.image);
  return {
    ...place,
    description: `${url}, with ${functionName}'s image ${lender.image}`,
    metrics:
      functionMetrics === null
        ? null
        : httpMetricsEndpoint({
            functionMetricsUrl: functionMetrics,
            containerMetricsUrl: containerMetrics ?? functionMetrics,
            timeoutMs: 2_000,
          }),
    cfsPeriodSeconds: null,
    cores: null,
    pollMs: 100,
    close: () => place.remove(),
  };
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new BadInputError(`cannot read the password file '${file}'`);
  }
}

const READY_WITHIN_MS = 60_000;

type Spoken = Pick<Place, "functionUrl" | "gateway" | "target" | "deploy" | "memoryBytes" | "remove">;

function spokenTo(address: GatewayAddress, image: string): Spoken {
  const http = gatewayClient(address);
  const target = openfaasScaleTarget(address);
  const gateway = openfaasGateway(address);
  const isListed = async () => (await gateway.list()).some(({ name }) => name === CALIBRATED_NAME);

  async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const deadlineMs = clock.nowMs() + READY_WITHIN_MS;
    while (!(await condition())) {
      if (clock.nowMs() > deadlineMs) {
        throw new BadInputError(`'${CALIBRATED_NAME}' was not ${what} within ${READY_WITHIN_MS / 1_000} s`);
      }
      await clock.sleep(50);
    }
  }

  async function remove(): Promise<void> {
    if (!(await isListed())) return;
    await http.delete("/system/functions", { data: { functionName: CALIBRATED_NAME, namespace: NAMESPACE } });
    await until(async () => !(await isListed()), "removed");
  }

  return {
    functionUrl: `${address.url.replace(/(?<!\/)\/+$/, "")}/function/${CALIBRATED_NAME}`,
    gateway,
    target,
    remove,
    async deploy(limitMilliCores) {
      await remove();
      const cpu = limitMilliCores === null ? {} : { cpu: `${limitMilliCores}m` };
      const { status, data } = await http.post<string>("/system/functions", {
        service: CALIBRATED_NAME,
        namespace: NAMESPACE,
        image,
        envProcess: "node index.js",
        envVars: { RAW_BODY: "true", exec_timeout: "60s", read_timeout: "65s", write_timeout: "65s" },
        labels: { "com.openfaas.scale.min": "1", "com.openfaas.scale.max": "20" },
        limits: cpu,
        requests: cpu,
      });
      if (status < 200 || status > 299) {
        throw new BadInputError(`'${CALIBRATED_NAME}' could not be deployed: HTTP ${status} ${firstLine(data)}`);
      }
      await until(async () => (await target.read(CALIBRATED_NAME, NAMESPACE)).availableReplicas >= 1, "ready");
    },
    async memoryBytes() {
      const { status, data } = await http.get<string>(`/system/function/${CALIBRATED_NAME}`, {
        params: { namespace: NAMESPACE, usage: "1" },
      });
      if (status !== 200) return null;
      const { usage } = JSON.parse(data) as { usage?: { totalMemoryBytes?: unknown } };
      const bytes = usage?.totalMemoryBytes;
      return typeof bytes === "number" && bytes > 0 ? bytes : null;
    },
  };
}
