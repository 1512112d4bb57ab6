/** The way to a Kubernetes API server: kubeconfig or service account, and calls that end in time. */
import { existsSync } from "node:fs";

import type {
  AppsV1Api,
  AutoscalingV2Api,
  ConfigurationOptions,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
} from "@kubernetes/client-node";

import { BadInputError, messageOf } from "../../core/errors.ts";
import { deadlineIn } from "../patience.ts";

/** How to reach and log in to an API server. */
export interface KubernetesAddress {
  /** A kubeconfig as text (a mounted secret), … */
  readonly kubeconfig?: string | null;
  /** … or as a file. Without either, the service account of the pod we run in. */
  readonly kubeconfigFile?: string | null;
  /** Null: the kubeconfig's current one. */
  readonly context?: string | null;
  /** For each call. Default 2 s. */
  readonly timeoutMs?: number;
}

/** What single calls may set. */
export interface CallSettings {
  readonly signal?: AbortSignal | undefined;
  /** The client would send objects as `application/json-patch+json`, which the server refuses. */
  readonly contentType?: string;
}

/** A connected client: the APIs used here, and the options that bound each call in time. */
export interface Kubernetes {
  /** The server's address, for people. */
  readonly server: string;
  readonly apps: AppsV1Api;
  readonly core: CoreV1Api;
  readonly autoscaling: AutoscalingV2Api;
  readonly coordination: CoordinationV1Api;
  readonly custom: CustomObjectsApi;
  /** The last argument of a call. */
  call(settings?: CallSettings): ConfigurationOptions;
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Reads the configuration; makes no call. Throws `BadInputError` for one that cannot be used. */
export async function connectKubernetes(address: KubernetesAddress): Promise<Kubernetes> {
  const { timeoutMs = 2_000 } = address;
  const client = await import("./client-node.ts");
  const config = new client.KubeConfig();
  const origin = load(config, address);
  if (address.context) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(address.context)) {
      throw new BadInputError(`${origin} has no context '${address.context}', it has: ${known.join(", ") || "none"}`);
    }
    config.setCurrentContext(address.context);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new BadInputError(`${origin} names no cluster in its current context`);

  return {
    server: cluster.server,
    apps: config.makeApiClient(client.AppsV1Api),
    core: config.makeApiClient(client.CoreV1Api),
    autoscaling: config.makeApiClient(client.AutoscalingV2Api),
    coordination: config.makeApiClient(client.CoordinationV1Api),
    custom: config.makeApiClient(client.CustomObjectsApi),
    call: ({ signal, contentType } = {}) => ({
      middlewareMergeStrategy: "append",
      middleware: [
        {
          pre(request) {
            const inTime = deadlineIn(timeoutMs);
            request.setSignal(signal ? AbortSignal.any([signal, inTime]) : inTime);
            if (contentType) request.setHeaderParam("Content-Type", contentType);
            return new client.Observable(Promise.resolve(request));
          },
          post: (response) => new client.Observable(Promise.resolve(response)),
        },
      ],
    }),
  };
}

/** Answers what was read, for sentences. What the file holds stays out of them. */
function load(config: KubeConfig, { kubeconfig, kubeconfigFile }: KubernetesAddress): string {
  if (kubeconfig) {
    try {
      config.loadFromString(kubeconfig);
    } catch {
      throw new BadInputError("the secret kubeconfig cannot be read as a kubeconfig");
    }
    return "the secret kubeconfig";
  }
  if (kubeconfigFile) {
    try {
      config.loadFromFile(kubeconfigFile);
    } catch (thrown) {
      const why =
        (thrown as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : messageOf(thrown).split("\n")[0];
      throw new BadInputError(`the kubeconfig '${kubeconfigFile}' cannot be read: ${why}`);
    }
    return `the kubeconfig '${kubeconfigFile}'`;
  }
  if (!existsSync(`${SERVICE_ACCOUNT}/token`)) {
    throw new BadInputError(
      "there is no way to Kubernetes: neither a secret kubeconfig, nor KUBECONFIG, nor a service account of a pod",
    );
  }
  config.loadFromCluster();
  return "the service account";
}
