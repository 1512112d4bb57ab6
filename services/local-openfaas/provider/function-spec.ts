/** A deployment that has been checked: all that is needed to run its replicas. */
import { BadInputError } from "#shared/core/errors.ts";
import type { FunctionImage, ImageStore } from "./images.ts";
import { readResources, type Resources } from "#shared/deploy/quantities.ts";
import { requireSecrets, type SecretStore } from "./secrets.ts";
import type { FunctionDeployment } from "./types.ts";
import { watchdogSettings, type WatchdogSettings } from "#shared/deploy/watchdog-settings.ts";

/** The deployment, and what was read from it. */
export interface FunctionSpec {
  readonly deployment: FunctionDeployment;
  readonly image: FunctionImage;
  readonly resources: Resources;
  readonly settings: WatchdogSettings;
  /** From `com.openfaas.scale.min`; null when the label is not set. */
  readonly minReplicas: number | null;
}

const NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const MAX_NAME_LENGTH = 57; // with `-` and five letters a replica's id is still a DNS label of 63

/** Throws `BadInputError`: one sentence about the first thing that cannot be. */
export async function checkDeployment(
  deployment: FunctionDeployment,
  images: ImageStore,
  secrets: SecretStore,
): Promise<FunctionSpec> {
  const { service } = deployment;
  if (!NAME.test(service) || service.length > MAX_NAME_LENGTH) {
    throw new BadInputError(
      `a function's name must be up to ${MAX_NAME_LENGTH} lower-case letters, digits and '-', was: '${service}'`,
    );
  }
  const minReplicas = minimum(deployment);
  const resources = readResources(deployment.requests, deployment.limits);
  const settings = watchdogSettings(deployment.envVars);
  const image = await images.resolve(deployment.image);
  await requireSecrets(secrets, deployment.secrets ?? []);
  return { deployment, image, resources, settings, minReplicas };
}

/** A function starts with nothing running only where both the platform's label and our annotation say 0. */
function minimum({ labels, annotations }: FunctionDeployment): number | null {
  const text = labels?.["com.openfaas.scale.min"];
  if (text === undefined) return null;
  if (!/^\d+$/.test(text)) {
    throw new BadInputError(`label com.openfaas.scale.min must be a whole number of at least 0, was: '${text}'`);
  }
  return Number(text) === 0 && annotations?.["replicant.min"] !== "0" ? 1 : Number(text);
}

/** What the deployment asks for and processes of one machine cannot give; said in the function's log, not hidden. */
export function notEnforced({ readOnlyRootFilesystem, constraints }: FunctionDeployment): readonly string[] {
  return [
    ...(readOnlyRootFilesystem ? ["readOnlyRootFilesystem is not enforced: replicas share this machine's files"] : []),
    ...(constraints?.length ? [`constraints are not looked at: there is one machine (${constraints.join(", ")})`] : []),
  ];
}
