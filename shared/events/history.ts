/** The windows that travel along with a window: unread until a part needs them, for few do and checking them takes longest. */
import * as z from "zod";

import { checked } from "../core/checked.ts";
import type { MetricsWindow } from "../core/window.ts";
import { WINDOW_SCHEMA } from "./schemas.ts";

const WINDOWS_SCHEMA = z.array(WINDOW_SCHEMA);

/**
 * The windows of `WindowClosed.history`, in their order. Never throws: one bad sample of the past silences nothing, as its
 * window is left out and the gap in `seq` shows it.
 */
export function readHistory(history: readonly unknown[]): readonly MetricsWindow[] {
  // All at once takes a third of the time, and a bad one is rare.
  const all = checked(WINDOWS_SCHEMA, history);
  if ("data" in all) return all.data;
  return history.flatMap((entry) => {
    const one = checked(WINDOW_SCHEMA, entry);
    return "data" in one ? [one.data] : [];
  });
}
