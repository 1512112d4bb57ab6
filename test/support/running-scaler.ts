/** A scaler that runs until the test is over, or until it is ended. */
import type { TestContext } from "node:test";

import type { createScaler } from "#services/scaler/scaler.ts";
import { eventually } from "./eventually.ts";

type Scaler = ReturnType<typeof createScaler>;

/** Resolves when it knows the managed functions; `end` may be called again. */
export async function runScaler(
  t: TestContext,
  scaler: Scaler,
): Promise<{ readonly scaler: Scaler; end(): Promise<void> }> {
  const ending = new AbortController();
  const running = scaler.run(ending.signal);
  const end = async () => {
    ending.abort();
    await running;
  };
  t.after(end);
  await eventually(() => scaler.status().managed.functions !== null, { what: "the first list", timeoutMs: 60_000 });
  return { scaler, end };
}
