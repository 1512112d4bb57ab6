/** Checks what somebody sent. */
import type * as z from "zod";

/**
 * Null for what cannot even be compared: zod measures the `length` of whatever has one, and that may be an object whose
 * `toString` is none.
 */
export function readSafely<T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> | null {
  try {
    return schema.safeParse(value);
  } catch {
    return null;
  }
}
