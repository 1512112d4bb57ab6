/** News about a function's model: which version is in use, and what it may do. */
import { MODES, type Mode } from "./managed-function.ts";
import type { PolicyIdentity } from "./proposal.ts";

/**
 * `published`: decides from now on. `canary`: decides a share of the windows, on trial. `rolled-back`: gave way to an earlier
 * version or to the rule. `rejected`: trained and found no better; nothing changed. `drifted`: the load left what was
 * trained on. `mode`: an operator set what the model may do.
 */
export const MODEL_ACTIONS = ["published", "canary", "rolled-back", "rejected", "drifted", "mode"] as const;
/** One of `MODEL_ACTIONS`. */
export type ModelAction = (typeof MODEL_ACTIONS)[number];

/** A change to a function's model: an event on the bus. */
export interface ModelNews {
  readonly functionName: string;
  readonly policy: PolicyIdentity;
  readonly layout: string;
  readonly digest: string;
  readonly action: ModelAction;
  /** The reason, with its numbers. */
  readonly summary: string;
}

/**
 * What one function's model may do, within what the function's annotation allows: `off`: it is not asked; `shadow`: it advises
 * and the fallback rule decides; `canary`: it decides a share of the windows; `auto`: it decides.
 */
export interface ModelControl {
  readonly functionName: string;
  /** The policy as the annotation names it: another name there starts afresh. */
  readonly policy: string;
  /** Checkpoint in the function's store; null: the one that the policy's name refers to. */
  readonly step: number | null;
  /** What was in use before, and is again when this one fails; null where there was nothing. */
  readonly before: { readonly step: number | null } | null;
  readonly mode: Mode;
  /** The version that was judged; another one under the policy's name starts afresh. Null: it holds for any. */
  readonly version: string | null;
  readonly reason: string;
  /** Trace time. */
  readonly atMs: number;
}

/** What was said of the policy, where it holds for the version that its name refers to now; else null. */
export function controlFor(said: ModelControl | null, policy: string, version: string | null): ModelControl | null {
  if (said?.policy !== policy) return null;
  return said.step !== null || said.version === null || said.version === version ? said : null;
}

/** The stricter of two modes. */
export function stricter(a: Mode, b: Mode): Mode {
  return MODES.indexOf(a) < MODES.indexOf(b) ? a : b;
}

/** Named `model:…`: follows what the trainer publishes. Any other learned policy stays what it is. */
export const FOLLOWS = "model:";
