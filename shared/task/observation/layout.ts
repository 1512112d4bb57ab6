/** What a learned policy sees of a function: a layout names the numbers and makes the observer that fills them in. */
import type { ManagedFunction } from "../../core/managed-function.ts";
import type { DecidableWindow } from "../../core/window.ts";
import { box, type BoxSpace } from "../environment/spaces.ts";
import type { LoadMeter } from "../load-meter.ts";

/** One number of an observation; values beyond its range are cut to it. */
export interface FeatureRange {
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

/** Of one function: it may remember the windows it saw. */
export interface WindowObserver {
  /** The windows of the function in their order; a new array each time, raw: normalisation comes later. */
  see(window: DecidableWindow): Float32Array;
}

/** Never edited in place, since checkpoints name it: a changed layout gets a new name. */
export interface ObservationLayout {
  readonly name: string;
  readonly features: readonly FeatureRange[];
  /** An observer that has seen nothing yet. `load` has seen each window before the observer does. */
  readonly observerOf: (managed: ManagedFunction, load: LoadMeter) => WindowObserver;
}

/** The space of a layout's observations, [features]. */
export function spaceOf({ features }: ObservationLayout): BoxSpace {
  return box(
    features.map(({ low }) => low),
    features.map(({ high }) => high),
  );
}

/** The numbers as an observation, each cut to its feature's range. */
export function cutToRanges(features: readonly FeatureRange[], values: (index: number) => number): Float32Array {
  const observation = new Float32Array(features.length);
  for (const [i, { low, high }] of features.entries()) observation[i] = Math.min(high, Math.max(low, values(i)));
  return observation;
}
