/** The state of each function's fast controller after its last decision: sent with its next window, so that a new scaler goes on from it. */
import type { ControlMemory } from "#shared/core/control-memory.ts";
import type { Applied } from "#shared/core/decision.ts";

export interface LastControls {
  onApplied(applied: Pick<Applied, "functionName" | "control">): void;
  of(functionName: string): ControlMemory | undefined;
  /** Forgets functions that are managed no longer. */
  keepOnly(isManaged: (functionName: string) => boolean): void;
}

/** Decisions about functions that the collector does not manage are forgotten at its next look. */
export function createLastControls(): LastControls {
  const known = new Map<string, ControlMemory>();
  return {
    onApplied({ functionName, control }) {
      if (control === undefined) known.delete(functionName);
      else known.set(functionName, control);
    },
    of: (functionName) => known.get(functionName),
    keepOnly(isManaged) {
      for (const name of known.keys()) if (!isManaged(name)) known.delete(name);
    },
  };
}
