/** A lease's record as a Lease of coordination.k8s.io; `kubectl get lease` shows who has it. */
import type { V1Lease } from "@kubernetes/client-node";

import type { Kubernetes } from "../kubernetes/connect.ts";
import { sentenceOf, statusOf } from "../kubernetes/refusal.ts";
import type { LeaseRecord, LeaseStore } from "./record.ts";

/** Which Lease. */
export interface KubernetesLeaseOptions {
  readonly name: string;
  readonly namespace: string;
}

/** Needs `get`, `create` and `update` on `leases`. `renewTime` is left alone: it would be somebody's clock. */
export function kubernetesLeaseStore(kubernetes: Kubernetes, { name, namespace }: KubernetesLeaseOptions): LeaseStore {
  const { coordination } = kubernetes;
  const refuse = (thrown: unknown): never => {
    throw new Error(sentenceOf(thrown, kubernetes.server), { cause: thrown });
  };

  return {
    kind: "kubernetes",
    async read() {
      try {
        const lease = await coordination.readNamespacedLease({ name, namespace }, kubernetes.call());
        return { record: recordOf(lease), version: versionOf(lease) };
      } catch (thrown) {
        return statusOf(thrown) === 404 ? null : refuse(thrown);
      }
    },
    async write(record, expected) {
      const body = leaseOf(record, expected);
      try {
        const written =
          expected === null
            ? await coordination.createNamespacedLease({ namespace, body }, kubernetes.call())
            : await coordination.replaceNamespacedLease({ name, namespace, body }, kubernetes.call());
        return versionOf(written);
      } catch (thrown) {
        const status = statusOf(thrown);
        // Changed, or there already; or gone since it was read.
        return status === 409 || (status === 404 && expected !== null) ? null : refuse(thrown);
      }
    },
    close: async () => {},
  };

  function leaseOf({ holder, fencing, takeAfterMs }: LeaseRecord, expected: string | null): V1Lease {
    const [uid, resourceVersion] = (expected ?? "").split("/");
    return {
      metadata: { name, namespace, ...(expected !== null && { uid: uid!, resourceVersion: resourceVersion! }) },
      spec: {
        // The API wants a name of at least one letter; Kubernetes' own electors write "" for "given back" as well.
        holderIdentity: holder ?? "",
        leaseDurationSeconds: Math.ceil(takeAfterMs / 1_000),
        leaseTransitions: fencing,
      },
    };
  }
}

/** With the uid: a Lease is one of the kinds that an update creates when it is gone, whatever resourceVersion it names. */
function versionOf({ metadata }: V1Lease): string {
  return `${metadata!.uid}/${metadata!.resourceVersion}`;
}

function recordOf({ spec }: V1Lease): LeaseRecord {
  return {
    holder: spec?.holderIdentity || null,
    fencing: spec?.leaseTransitions ?? 0,
    takeAfterMs: (spec?.leaseDurationSeconds ?? 0) * 1_000,
  };
}
