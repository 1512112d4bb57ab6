/** Observation layouts by name. */
import { named } from "../named.ts";
import * as LAYOUTS from "./all.ts";
import type { ObservationLayout } from "./layout.ts";

export { LAYOUTS };
/** The name of an observation layout, as checkpoints record it. */
export type LayoutName = keyof typeof LAYOUTS;

/** Throws `BadInputError` for a layout that does not exist. */
export function layoutNamed(name: string): ObservationLayout {
  return named<ObservationLayout>("observation layout", LAYOUTS, name);
}
