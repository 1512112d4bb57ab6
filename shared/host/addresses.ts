/** Where a workload's neighbours are and how it proves itself to them: settings and secrets put together, as plain data. */
import { busCredentials, type BUS_SETTINGS, type BusCredentials } from "./bus-credentials.ts";
import type { Workload } from "./workload.ts";

export { BUS_SETTINGS } from "./bus-credentials.ts";

/** Where the bus is, and how this workload logs in to it. */
export interface BusAddress extends BusCredentials {
  /** What the mounted secrets say now: they may be changed under a running part. */
  readonly again: () => BusCredentials;
  readonly servers: readonly string[];
  readonly name: string;
  readonly subjectPrefix: string;
}

/** Throws `ConfigError` for a file that a setting names and that cannot be read. */
export function busAddress(workload: Workload<(typeof BUS_SETTINGS)[number]>): BusAddress {
  return {
    ...busCredentials(workload),
    again: () => busCredentials(workload),
    servers: workload.settings.NATS_URL.split(",").map((server) => server.trim()),
    name: workload.name,
    subjectPrefix: workload.settings.REPLICANT_SUBJECT_PREFIX,
  };
}

/** Where the replicas of all parts note the signed calls that they have taken. */
export function signatureBucket(address: BusAddress): BusAddress & { readonly bucket: string } {
  return { ...address, bucket: `${address.subjectPrefix}-signatures` };
}

/** Secrets `basic-auth-user` and `basic-auth-password`, OpenFaaS's own names. */
export function gatewayAddress(workload: Workload<"OPENFAAS_URL">) {
  return {
    url: workload.settings.OPENFAAS_URL,
    user: workload.secret("basic-auth-user"),
    password: workload.secret("basic-auth-password"),
  };
}

/**
 * A Prometheus server, and how this workload logs in to it.
 * Secrets `prometheus-token` and `prometheus-ca` (PEM); for B `prometheus-b-token`, else the one for A where both are the
 * same server: a token is not shown to another one. Null where the setting is `none`.
 */
export function prometheusAddress(
  workload: Workload<"PROMETHEUS_A_URL" | "PROMETHEUS_B_URL" | "PROMETHEUS_TIMEOUT_SECONDS">,
  which: "A" | "B",
) {
  const { PROMETHEUS_A_URL, PROMETHEUS_B_URL, PROMETHEUS_TIMEOUT_SECONDS } = workload.settings;
  const url = which === "A" ? PROMETHEUS_A_URL : PROMETHEUS_B_URL;
  if (url === null) return null;
  const isServerOfA = which === "A" || (PROMETHEUS_A_URL !== null && originOf(PROMETHEUS_A_URL) === originOf(url));
  const ownToken = which === "B" ? workload.secret("prometheus-b-token") : null;
  return {
    url,
    token: ownToken ?? (isServerOfA ? workload.secret("prometheus-token") : null),
    ca: workload.secret("prometheus-ca"),
    timeoutMs: PROMETHEUS_TIMEOUT_SECONDS * 1_000,
  };
}

const originOf = (url: string) => new URL(url).origin;

/** Secret `kubeconfig`, when there is one, goes before the setting. */
export function kubernetesAddress(workload: Workload<"KUBECONFIG" | "KUBE_CONTEXT">) {
  const { KUBECONFIG, KUBE_CONTEXT } = workload.settings;
  return {
    kubeconfig: workload.secret("kubeconfig"),
    kubeconfigFile: KUBECONFIG,
    context: KUBE_CONTEXT === "current" ? null : KUBE_CONTEXT,
  };
}
