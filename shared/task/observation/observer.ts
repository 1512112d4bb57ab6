/** Windows in, observations out, for any layout: what trains a policy and what serves it see the same numbers. */
import { box } from "../environment/spaces.ts";
import type { BoxSpace } from "../environment/spaces.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { layoutOf, observe, spaceOf, type LayoutName } from "./published.ts";
import type { DecidableWindow } from "../../core/window.ts";
import { REPLICANT_LAYOUT, REPLICANT_RANGES, ReplicantView } from "./replicant.ts";

export type ObservedLayout = LayoutName | typeof REPLICANT_LAYOUT;

/** Of one function: it may remember the windows it saw. */
export interface WindowObserver {
  /** The windows of the function in their order. */
  see(window: DecidableWindow): Float32Array;
}

/** Throws `BadInputError` for a layout that there is not. */
export function windowObserver(layout: string, managed: ManagedFunction): WindowObserver {
  if (layout === REPLICANT_LAYOUT) return new ReplicantView(managed);
  const found = layoutOf(layout);
  return { see: (window) => observe(found, window) };
}

/** Throws `BadInputError` for a layout that there is not. */
export function observationSpaceOf(layout: string): BoxSpace {
  if (layout !== REPLICANT_LAYOUT) return spaceOf(layoutOf(layout));
  return box(
    REPLICANT_RANGES.map(({ low }) => low),
    REPLICANT_RANGES.map(({ high }) => high),
  );
}

/** How each number of the layout is called, in its order. */
export function featureNamesOf(layout: string): readonly string[] {
  return (layout === REPLICANT_LAYOUT ? REPLICANT_RANGES : layoutOf(layout).features).map(({ name }) => name);
}
