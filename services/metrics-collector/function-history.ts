/** What is remembered of a function between windows. */
import { HISTORY_WINDOWS, type MetricsWindow } from "#shared/core/window.ts";

export class FunctionHistory {
  #windows: MetricsWindow[] = [];

  /** The windows before the next one, oldest first. */
  get windows(): readonly MetricsWindow[] {
    return this.#windows;
  }

  add(window: MetricsWindow): void {
    this.#windows = [...this.#windows, window].slice(-HISTORY_WINDOWS);
  }
}
