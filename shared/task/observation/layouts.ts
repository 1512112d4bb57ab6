/** The observation layouts there are. */
import { named } from "../named.ts";
import type { ObservationLayout } from "./layout.ts";
import { agarwal6, plus7, plus8 } from "./published.ts";
import { replicant24 } from "./replicant.ts";

export const LAYOUTS = {
  "agarwal-6": agarwal6,
  "plus-7": plus7,
  "plus-8": plus8,
  "replicant-24": replicant24,
} as const satisfies Readonly<Record<string, ObservationLayout>>;

export type LayoutName = keyof typeof LAYOUTS;

/** Throws `BadInputError` for a layout that does not exist. */
export function layoutNamed(name: string): ObservationLayout {
  return named("observation layout", LAYOUTS, name);
}
