/** Where a calibration measures: a platform of our own, or somebody's gateway. Both are used in the same way, over HTTP. */
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
import { addressOf, type ChosenGateway } from "../find-platform.ts";
import type { StartEmptyPlatform } from "../stack.ts";
import { waitUntil } from "../../core/wait.ts";
import type { CalibrateOptions } from "./options.ts";

/** Ours alone; a leftover of a run that was killed is taken away. */
export const CALIBRATED_NAME = "replicant-calibrate";
/** The namespace in which the stress function is deployed. */
export const NAMESPACE = "openfaas-fn";

/** A platform on which the stress function can be deployed, scaled and called. */
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
  /** Null: what the cluster has is not known. */
  readonly cores: number | null;
  /** How often a count may be asked for. */
  readonly pollMs: number;
  /** Deploys the stress function with one replica and waits until that is ready. Throws `BadInputError` when it cannot be. */
  deploy(limitMilliCores: number | null): Promise<void>;
  /** Memory of all of its replicas; null where the platform does not report it. */
  memoryBytes(): Promise<number | null>;
  remove(): Promise<void>;
  /** Takes everything away that was put there. */
  close(): Promise<void>;
}

/** What a platform of our own is started with. */
export interface LocalPlaceWorld {
  readonly dist: string;
  readonly startEmptyPlatform: StartEmptyPlatform;
  readonly log: (line: string) => void;
}

/** A platform of our own in a folder of its own, on loopback and a free port. Nothing is left of it. */
export async function localPlace(
  { dist, startEmptyPlatform, log }: LocalPlaceWorld,
  timeLapse: number,
): Promise<Place> {
  const home = await mkdtemp(join(tmpdir(), "replicant-calibrate-"));
  try {
    const platform = await startEmptyPlatform({ home, dist, timeLapse, log });
    const image = "replicant/calibrate:local";
    await platform.registerImage(image, join(dist, "functions", "stress"));
    const { metricsUrl } = platform;
    return {
      ...reachedAt(platform, image),
      description: `a platform of our own, ${availableParallelism()} cores; ${platform.limits}`,
      metrics: httpMetricsEndpoint({
        functionMetricsUrl: `${metricsUrl}/metrics`,
        containerMetricsUrl: `${metricsUrl}/containers/metrics`,
        timeoutMs: 1_000,
      }),
      cfsPeriodSeconds: platform.cfsPeriodSeconds,
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

/** Somebody's gateway, and where its metrics are. */
export interface RemoteOptions extends Pick<CalibrateOptions, "functionName" | "functionMetrics" | "containerMetrics"> {
  readonly gateway: ChosenGateway;
}

/** A gateway that runs already; the image of its stress function is used. Throws `BadInputError` where it has none. */
export async function remotePlace(options: RemoteOptions, { home }: { readonly home: string }): Promise<Place> {
  const { functionName, functionMetrics, containerMetrics } = options;
  const address = addressOf(options.gateway, home, {});
  const { url } = address;
  const lender = (await openfaasGateway(address).list()).find(({ name }) => name === functionName);
  if (!lender)
    throw new BadInputError(`${url} has no function '${functionName}': deploy it, or name another with --function`);
  const place = reachedAt(address, lender.image);
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

const READY_WITHIN_MS = 60_000;

type Reached = Pick<Place, "functionUrl" | "gateway" | "target" | "deploy" | "memoryBytes" | "remove">;

function reachedAt(address: GatewayAddress, image: string): Reached {
  const http = gatewayClient(address);
  const target = openfaasScaleTarget(address);
  const gateway = openfaasGateway(address);
  const isListed = async () => (await gateway.list()).some(({ name }) => name === CALIBRATED_NAME);

  async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
    if (await waitUntil(condition, { clock, withinMs: READY_WITHIN_MS })) return;
    throw new BadInputError(`'${CALIBRATED_NAME}' was not ${what} within ${READY_WITHIN_MS / 1_000} s`);
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
