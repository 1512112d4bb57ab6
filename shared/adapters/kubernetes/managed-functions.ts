/** `ManagedFunctions` from the annotations of Deployments; OpenFaaS puts a function's labels on the pods' template. */
import { listingOf, type ManagedFunctions } from "../../ports/managed-functions.ts";
import type { Kubernetes } from "./connect.ts";
import { sentenceOf } from "./refusal.ts";

/** Needs `list` on `deployments` in each namespace. One that cannot be listed makes the list unknown, not shorter. */
export function kubernetesManagedFunctions(kubernetes: Kubernetes, namespaces: readonly string[]): ManagedFunctions {
  async function listIn(namespace: string) {
    try {
      return (await kubernetes.apps.listNamespacedDeployment({ namespace }, kubernetes.call())).items;
    } catch (thrown) {
      throw new Error(sentenceOf(thrown, kubernetes.server), { cause: thrown });
    }
  }
  return {
    async list() {
      const deployments = (await Promise.all(namespaces.map(listIn))).flat();
      return listingOf(
        deployments.map(({ metadata, spec }) => ({
          name: metadata?.name ?? "",
          namespace: metadata?.namespace,
          labels: { ...metadata?.labels, ...spec?.template.metadata?.labels },
          annotations: metadata?.annotations,
        })),
      );
    },
  };
}
