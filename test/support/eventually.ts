/** Waits for a condition with a deadline, instead of sleeping and hoping. */

export interface EventuallyOptions {
  readonly timeoutMs?: number;
  /** Said when the deadline passes: "eventually: <what>". */
  readonly what?: string;
  readonly everyMs?: number;
}

/** Resolves with the first truthy value of `condition`; a throwing condition counts as not yet. */
export async function eventually<T>(condition: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 10_000, what = "condition", everyMs = 20 } = options;
  const deadlineMs = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = value;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > deadlineMs) {
      throw new Error(
        `not within ${timeoutMs} ms: ${what} (last: ${last instanceof Error ? last.message : String(last)})`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
