/** What a learner receives about a running function: facts, and the transitions that they make up. */
import type { Applied } from "./decision.ts";
import type { ManagedFunction } from "./managed-function.ts";
import type { Proposal } from "./proposal.ts";
import type { MetricsWindow } from "./window.ts";

/** One event that was received. */
export type Fact =
  | { readonly kind: "window"; readonly managed: ManagedFunction; readonly window: MetricsWindow }
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  | { readonly kind: "applied"; readonly applied: Applied };

/** A decision with the window before it and the one after it: what a learner learns from. */
export interface Transition {
  readonly decisionId: string;
  readonly managed: ManagedFunction;
  readonly window: MetricsWindow;
  readonly proposal: Proposal;
  readonly applied: Applied;
  /** The window that followed. */
  readonly next: MetricsWindow;
  /** Decisions on ticks within `next`, of the panic floor or of a held target: the platform moved once more. */
  readonly tickDecisions: number;
}
