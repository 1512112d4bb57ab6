/** Where a workload's neighbours are and how it proves itself to them: settings and secrets put together, as plain data. */
import type { Workload } from "./workload.ts";

export interface BusAddress {
  readonly servers: readonly string[];
  readonly token: string | null;
  readonly name: string;
  readonly subjectPrefix: string;
}

/** Secret `nats-token`, when there is one. */
export function busAddress(workload: Workload<"NATS_URL" | "REPLICANT_SUBJECT_PREFIX">): BusAddress {
  return {
    servers: workload.settings.NATS_URL.split(",").map((server) => server.trim()),
    token: workload.secret("nats-token"),
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
