/** Follows a replay by asking the load generator for it: a generator that was killed says nothing by itself. */
import type { Clock } from "../core/clock.ts";
import type { FunctionGateway } from "../ports/function-gateway.ts";

/** The run to follow, and where to ask for it. */
export interface FollowOptions {
  readonly gateway: Pick<FunctionGateway, "ask">;
  readonly runId: string;
  readonly clock: Clock;
  /** Aborts when the answer is no longer needed. */
  readonly signal: AbortSignal;
}

const LOAD_GENERATOR = "load-generator";
const EVERY_MS = 2_000;

/** Resolves with a sentence when the generator answers that it has no such run; with null at the signal. */
export async function followLoad({ gateway, runId, clock, signal }: FollowOptions): Promise<string | null> {
  while (!signal.aborted) {
    await clock.sleep(EVERY_MS, signal);
    if (signal.aborted) return null;
    try {
      const { status, body } = await gateway.ask(LOAD_GENERATOR, { run: runId });
      if (status === 404 || status === 410) return sentenceOf(body) ?? `the load generator knows no run '${runId}'`;
    } catch {
      // It does not answer now: once it does it says what became of the run.
    }
  }
  return null;
}

function sentenceOf(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { readonly error?: unknown };
    return typeof error === "string" ? error : null;
  } catch {
    return null;
  }
}
