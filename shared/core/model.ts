/** News about a policy's model. */
import type { PolicyIdentity } from "./proposal.ts";

export const MODEL_ACTIONS = ["published", "canary", "rolled-back"] as const;
export type ModelAction = (typeof MODEL_ACTIONS)[number];

export interface ModelNews {
  readonly functionName: string;
  readonly policy: PolicyIdentity;
  readonly layout: string;
  readonly digest: string;
  readonly action: ModelAction;
  readonly summary: string;
}
