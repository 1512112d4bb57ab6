/** Where a workload's neighbours are and how it proves itself to them: settings and secrets put together, as plain data. */
import { busCredentials, type BUS_SETTINGS, type BusCredentials } from "./bus-credentials.ts";
import type { Workload } from "./workload.ts";

export { BUS_SETTINGS } from "./bus-credentials.ts";

export interface BusAddress extends BusCredentials {
  readonly servers: readonly string[];
  readonly name: string;
  readonly subjectPrefix: string;
}

/** Throws `ConfigError` for a file that a setting names and that cannot be read. */
export function busAddress(workload: Workload<(typeof BUS_SETTINGS)[number]>): BusAddress {
  return {
    ...busCredentials(workload),
    servers: workload.settings.NATS_URL.split(",").map((server) => server.trim()),
    name: workload.name,
    subjectPrefix: workload.settings.REPLICANT_SUBJECT_PREFIX,
  };
}

/** Secrets `basic-auth-user` and `basic-auth-password`, OpenFaaS's own names. */
export function gatewayAddress(workload: Workload<"OPENFAAS_URL">): {
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
} {
  return {
    url: workload.settings.OPENFAAS_URL,
    user: workload.secret("basic-auth-user"),
    password: workload.secret("basic-auth-password"),
  };
}
