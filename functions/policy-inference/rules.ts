/** Rules: policies that need nothing but their text, so that anybody may have them computed. */
import type { ManagedFunction, Mode } from "#shared/core/managed-function.ts";
import type { ScalingPolicy } from "#shared/core/policy.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { policyReference, type PolicyReference } from "#shared/policies/reference.ts";

/** What proposes for a function, or why nothing does. */
export type Assignment = Proposing | Withheld;

/** A policy, and what comes of what it proposes. */
export interface Proposing {
  /** Another key is another policy, which begins with the function's history. */
  readonly key: string;
  readonly make: () => ScalingPolicy;
  /** What comes of its proposals: the stricter of what the annotation allows and what the model may do. */
  readonly mode: Mode;
  /** Told for the record; the fallback rule decides. */
  readonly isAdvice: boolean;
  readonly withheld: null;
}

/** Nothing proposes. */
export interface Withheld {
  /** Why nothing is proposed. */
  readonly withheld: string;
}

/** Which policy a function has. */
export interface Assigning {
  /** Rejects with `BadInputError` for a policy that cannot be used, with another error where it cannot be known now. */
  of(managed: ManagedFunction): Promise<Assignment>;
}

/** The assignment of what is no model. */
export function withoutModel(
  { kind, text }: Exclude<PolicyReference, { kind: "model" }>,
  { mode }: ManagedFunction,
): Assignment {
  if (kind === "external") return { withheld: "proposals for this function come from outside" };
  return { key: text, make: policyByName(text), mode, isAdvice: false, withheld: null };
}

/** For callers who did not sign: no model is looked for, so that the answer says nothing about which there are. */
export const rulesOnly: Assigning = {
  of: async (managed) => {
    const reference = policyReference(managed.policy);
    if (reference.kind !== "model") return withoutModel(reference, managed);
    return { withheld: "a model answers signed calls only" };
  },
};
