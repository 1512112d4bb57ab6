/** The functions of a stack that Replicant cares for, their annotations and policies checked before anything starts. */
import { ConfigError, messageOf } from "#shared/core/errors.ts";
import { readManagedFunction, type ManagedFunction } from "#shared/core/managed-function.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import type { StackFunction } from "../stack.ts";

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
      policyByName(policy);
    } catch (thrown) {
      problems.push(`${functionName}: ${messageOf(thrown)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return managed;
}
