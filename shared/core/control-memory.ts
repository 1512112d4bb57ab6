/** What a fast controller knows of the function whose target it holds, as it travels with events. */
import type { PolicyIdentity } from "./proposal.ts";
import type { ReplicaTarget } from "./replica-target.ts";

/** What of a held target travels with each decision, and comes back with the next window: enough to go on elsewhere. */
export interface ControlMemory {
  readonly policy: PolicyIdentity;
  readonly target: ReplicaTarget;
  /** How long the rate has been what it is, and what came since. */
  readonly span: { readonly seconds: number; readonly arrivals: number };
  /** Mean seconds of a start; null where none was seen. */
  readonly startSeconds: number | null;
}
