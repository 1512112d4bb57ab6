/** Where each function's fast controller stands, by the last decision: goes out with its next window, so that whoever is new goes on from it. */
import type { ControlMemory } from "#shared/core/control-memory.ts";
import type { Applied } from "#shared/core/decision.ts";

export interface LastControls {
  hear(applied: Pick<Applied, "functionName" | "control">): void;
  of(functionName: string): ControlMemory | undefined;
  /** Forgets functions that are managed no longer. */
  keepOnly(isManaged: (functionName: string) => boolean): void;
}

/** Decisions about functions that the collector does not manage are forgotten at its next look. */
export function createLastControls(): LastControls {
  const known = new Map<string, ControlMemory>();
  return {
    hear({ functionName, control }) {
      if (control === undefined) known.delete(functionName);
      else known.set(functionName, control);
    },
    of: (functionName) => known.get(functionName),
    keepOnly(isManaged) {
      for (const name of known.keys()) if (!isManaged(name)) known.delete(name);
    },
  };
}
