/** KPA's scale-down delay: the largest count of the last slots of 2 s. */

/** KPA's decision tick and the width of a slot. */
export const SLOT_SECONDS = 2;

/** The largest counts of a sliding span, for Knative's scale-down delay. */
export interface DelayWindow {
  readonly lengthSlots: number;
  /** The largest count of each slot, ascending by slot. */
  readonly slots: readonly { readonly slot: number; readonly replicas: number }[];
}

/** Null without a delay: a window of one slot is not the same, for two decisions in one slot would keep the larger. */
export function delayWindow(delaySeconds: number): DelayWindow | null {
  return delaySeconds > 0 ? { lengthSlots: Math.ceil(delaySeconds / SLOT_SECONDS), slots: [] } : null;
}

/** Records a count, and returns the largest one of the span. */
export function slidingMax(
  window: DelayWindow,
  replicas: number,
  nowMs: number,
): { readonly window: DelayWindow; readonly replicas: number } {
  const slot = Math.floor(nowMs / (SLOT_SECONDS * 1000));
  // A count below a younger one can never be the largest again.
  const kept = window.slots.filter((older) => older.slot > slot - window.lengthSlots && older.replicas > replicas);
  const slots = kept.at(-1)?.slot === slot ? kept : [...kept, { slot, replicas }];
  return { window: { ...window, slots }, replicas: slots[0]!.replicas };
}
