/** What a platform allows: `open` (0…N replicas) or `ce`, with the community edition's limits. */
import { BadInputError } from "#shared/core/errors.ts";
import type { ProfileRules } from "#shared/deploy/gateway-profile.ts";
import type { FunctionDeployment } from "../provider/types.ts";

type Labels = Readonly<Record<string, string>> | undefined;

/** The count that a scale call gets: out of range is drawn in, as the real gateway does, never refused. */
export function clampReplicas(replicas: number, rules: ProfileRules): number {
  return Math.min(Math.max(replicas, rules.minReplicas), rules.maxReplicas);
}

const prefix = "com.openfaas.scale.";

/** The function's own bounds, from its labels and within the profile's. */
export function replicaBounds(labels: Labels, rules: ProfileRules): { readonly min: number; readonly max: number } {
  const min = clampReplicas(wholeLabel(labels, "min") ?? 1, rules);
  const max = clampReplicas(wholeLabel(labels, "max") ?? rules.defaultMax, rules);
  return { min, max: Math.max(min, max) };
}

/** Percent of the maximum that one firing alert adds; 0 = alerts do not scale this function. */
export function scaleFactor(labels: Labels): number {
  return wholeLabel(labels, "factor") ?? 10;
}

function wholeLabel(labels: Labels, key: string): number | undefined {
  const text = labels?.[prefix + key];
  if (text === undefined) return undefined;
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}

/** Throws `BadInputError` for a deployment that the profile does not allow. `others` = functions deployed beside it. */
export function checkDeployment(deployment: FunctionDeployment, others: number, rules: ProfileRules): void {
  const { service, labels } = deployment;
  for (const key of ["min", "max", "factor"]) {
    const text = labels?.[prefix + key];
    if (text !== undefined && wholeLabel(labels, key) === undefined) {
      throw new BadInputError(
        `label ${prefix}${key} of '${service}' must be a whole number of at least 0, was: '${text}'`,
      );
    }
  }
  const min = wholeLabel(labels, "min");
  const max = wholeLabel(labels, "max");
  for (const [key, value] of Object.entries({ min, max })) {
    if (value !== undefined && value > rules.maxReplicas) {
      throw new BadInputError(
        `label ${prefix}${key} of '${service}' must be at most ${rules.maxReplicas}, was: '${value}'`,
      );
    }
  }
  if (min !== undefined && max !== undefined && min > max) {
    throw new BadInputError(`label ${prefix}min of '${service}' (${min}) must not exceed ${prefix}max (${max})`);
  }
  if (rules.name === "ce") checkCommunityEdition(deployment, others, rules);
}

/** What the community edition refuses at deploy time (facts: its documentation and `openfaas.md` §3). */
function checkCommunityEdition(deployment: FunctionDeployment, others: number, rules: ProfileRules): void {
  const { service, labels = {}, annotations = {} } = deployment;
  const no = (what: string) => new BadInputError(`${what} is not available in the ce profile ('${service}')`);
  if (others >= rules.maxFunctions) throw no(`more than ${rules.maxFunctions} functions`);
  if (labels[`${prefix}zero`] === "true") throw no(`label ${prefix}zero=true`);
  for (const key of ["zero-duration", "target", "type"]) {
    if (labels[prefix + key] !== undefined) throw no(`label ${prefix}${key}`);
  }
  if (labels[`${prefix}min`] === "0" || labels[`${prefix}max`] === "0") throw no("scaling to zero");
  if (annotations["topic"]?.includes(",")) throw no("a comma in annotation topic");
  for (const key of Object.keys(annotations)) {
    if (key.includes("amazonaws.com") || key.includes("gke.io")) throw no(`annotation ${key}`);
  }
}
