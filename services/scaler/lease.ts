/** The lease that the settings ask for: whoever of several scalers holds it acts. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import { connectKubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { heldLease } from "#shared/adapters/lease/held-lease.ts";
import { kubernetesLeaseStore } from "#shared/adapters/lease/kubernetes-store.ts";
import { natsLeaseStore } from "#shared/adapters/lease/nats-store.ts";
import type { LeaseStore } from "#shared/adapters/lease/record.ts";
import { soleLease } from "#shared/adapters/lease/sole-lease.ts";
import { monotonicClock } from "#shared/adapters/system-clock.ts";
import type { SettingName, SettingValue } from "#shared/config/settings.ts";
import { ConfigError } from "#shared/core/errors.ts";
import { BUS_SETTINGS, busAddress, kubernetesAddress } from "#shared/host/addresses.ts";
import type { Workload } from "#shared/host/workload.ts";
import type { Lease } from "#shared/ports/lease.ts";
import { scaleTargetNamed } from "./targets/targets.ts";

/** The settings that say which lease it is. */
export const LEASE_SETTINGS = [
  ...BUS_SETTINGS,
  "LEASE",
  "LEASE_NAMESPACE",
  "SCALE_TARGET",
  "KUBECONFIG",
  "KUBE_CONTEXT",
] as const satisfies readonly SettingName[];

type LeaseWorkload = Workload<(typeof LEASE_SETTINGS)[number]>;

/** Rejects with `ConfigError` for an unknown scale target, and for NATS without JetStream where NATS was asked for. */
export async function leaseOf(workload: LeaseWorkload): Promise<Lease> {
  const { log } = workload;
  const store = await LEASE_STORES[workload.settings.LEASE](workload);
  if (store === null) return soleLease();
  return heldLease({
    store,
    holder: `${hostname()}/${process.pid}/${randomUUID()}`,
    clock: monotonicClock,
    log: (message) => log.info({ lease: store.kind }, message),
  });
}

/** By `LEASE`; null: no lease, and this scaler acts alone. */
const LEASE_STORES: Record<SettingValue<"LEASE">, (workload: LeaseWorkload) => Promise<LeaseStore | null>> = {
  async auto(workload) {
    const { leaseWithoutNats } = scaleTargetNamed(workload.settings.SCALE_TARGET);
    return (await natsStore(workload)) ?? LEASE_STORES[leaseWithoutNats](workload);
  },
  async nats(workload) {
    const store = await natsStore(workload);
    if (store !== null) return store;
    throw new ConfigError(["LEASE must be kubernetes or none where NATS has no JetStream, was: 'nats'"]);
  },
  kubernetes: kubernetesStore,
  none: async () => null,
};

/** Null where NATS has no JetStream. */
function natsStore(workload: LeaseWorkload): Promise<LeaseStore | null> {
  const { subjectPrefix, ...address } = busAddress(workload);
  return natsLeaseStore(
    { ...address, name: `${address.name}-lease`, bucket: `${subjectPrefix}-lease`, key: "scaler" },
    monotonicClock,
    (message) => workload.log.warn({}, message),
  );
}

async function kubernetesStore(workload: LeaseWorkload): Promise<LeaseStore> {
  const { LEASE_NAMESPACE, REPLICANT_SUBJECT_PREFIX } = workload.settings;
  const kubernetes = await connectKubernetes({ ...kubernetesAddress(workload), timeoutMs: 1_000 });
  const name = `${REPLICANT_SUBJECT_PREFIX.toLowerCase()}-scaler`;
  return kubernetesLeaseStore(kubernetes, { name, namespace: LEASE_NAMESPACE });
}
