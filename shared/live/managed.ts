/** The functions of a stack that Replicant cares for, their annotations and policies checked before anything starts. */
import { resolve } from "node:path";

import { ConfigError, messageOf } from "../core/errors.ts";
import { FOLLOWS } from "../core/model.ts";
import { rangeProblem } from "../core/platform-limits.ts";
import { readManagedFunction, type ManagedFunction } from "../core/managed-function.ts";
import { HELD, heldName, notHeadroom, policyInWords } from "../policies/held-model.ts";
import { policyReference } from "../policies/reference.ts";
import { decodeCheckpoint } from "../rl/checkpoint/decode.ts";
import type { ModelSource } from "../ports/model-registry.ts";
import { actionSchemeNamed } from "../task/actions/schemes.ts";
import { rulesOf, type GatewayProfile } from "../deploy/gateway-profile.ts";
import type { StackFunction } from "../deploy/stack.ts";
import { isFolder } from "./if-there.ts";

/** In file order. Throws `ConfigError` with a sentence for every annotation that cannot be used. */
export function managedFunctions(functions: readonly StackFunction[], file: string): ManagedFunction[] {
  const problems: string[] = [];
  const managed = functions.flatMap((one) => {
    const reading = readManagedFunction(one);
    problems.push(...reading.problems.map((problem) => `${file}: ${problem}`));
    return reading.managed ? [reading.managed] : [];
  });
  for (const { functionName, policy } of managed) {
    try {
      policyReference(policy);
    } catch (thrown) {
      problems.push(`${functionName}: ${messageOf(thrown)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return managed;
}

/** A sentence for each function that is to have a range which the profile does not give. */
export function beyondProfile(managed: readonly ManagedFunction[], profile: GatewayProfile): string[] {
  return managed.flatMap((one) => {
    const problem = rangeProblem(one.functionName, one, rulesOf(profile));
    return problem === null ? [] : [`${problem}: decisions stay within that`];
  });
}

/** A line for each function: which policy decides, in words. */
export function policyLines(managed: readonly ManagedFunction[]): string[] {
  return managed.map(({ functionName, policy }) => `policy    ${policyInWords(policy)} decides for ${functionName}`);
}

/** Reads every model that a function's policy names, as policy-inference will. Rejects with `ConfigError`. */
export async function checkModels(managed: readonly ManagedFunction[], models: ModelSource): Promise<void> {
  const problems: string[] = [];
  for (const { functionName, policy } of managed) {
    const reference = policyReference(policy);
    if (reference.kind !== "model") continue;
    try {
      const { record } = decodeCheckpoint(await models.read(reference.source));
      if (reference.isHeld && !actionSchemeNamed(record.settings.actions).isHoldable)
        problems.push(notHeadroom(reference.source));
    } catch (thrown) {
      problems.push(`${functionName}: policy '${policy}': ${messageOf(thrown)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** What `--policy` means: a checkpoint's folder becomes a model that begins with it; a rule or a model's name is itself. */
export function annotationOf(policy: string): string {
  const follows = policy.startsWith(FOLLOWS);
  const { model: path, isHeld } = heldName(follows ? policy.slice(FOLLOWS.length) : policy);
  return isFolder(path) ? `${FOLLOWS}${resolve(path)}${isHeld ? HELD : ""}` : policy;
}
