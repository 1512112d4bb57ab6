/** The state of each function's fast controller after its last decision: sent with its next window, so that a new scaler goes on from it. */
import type { ControlMemory } from "#shared/core/control-memory.ts";
import type { Applied } from "#shared/core/decision.ts";

/** Decisions about functions that the collector does not manage are forgotten at its next look. */
export class LastControls {
  readonly #known = new Map<string, ControlMemory>();

  onApplied({ functionName, control }: Pick<Applied, "functionName" | "control">): void {
    if (control === undefined) this.#known.delete(functionName);
    else this.#known.set(functionName, control);
  }

  of(functionName: string): ControlMemory | undefined {
    return this.#known.get(functionName);
  }

  /** Forgets functions that are managed no longer. */
  keepOnly(isManaged: (functionName: string) => boolean): void {
    for (const name of this.#known.keys()) if (!isManaged(name)) this.#known.delete(name);
  }
}
