/**
 * A part that runs, and what it answers whoever asks: its status, `?health` (503 when it does not do what is expected of it)
 * and `?metrics`.
 *
 * None of them is for a liveness probe. To start a part anew because the bus is away mends nothing; a process that is frozen
 * does not answer at all, and that is what the watchdog's `/_/health` is for.
 */
import type { Answer, FunctionEvent } from "./handler.ts";
import { healthOf, type Watched } from "./health.ts";

/** A part that was wired and runs. */
export interface RunningPart {
  /** The loop; ends with the signal. Without one the part only answers calls. */
  run?(signal: AbortSignal): Promise<void>;
  /** Answers a call; `status` is the whole of it, health included. The default answers the status. */
  answer?(event: FunctionEvent, status: () => object): Promise<Answer>;
  /** What the status says beside name, state and health. */
  status(): object;
  readonly watched: Watched;
}

/** `name` is the one under which it is deployed. */
export async function answerPart(name: string, part: RunningPart, event: FunctionEvent): Promise<Answer> {
  const { watched } = part;
  if (event.method === "GET" && event.query["health"] !== undefined) {
    const health = healthOf(watched);
    return { status: health.ok ? 200 : 503, body: { part: name, ...health } };
  }
  if (event.method === "GET" && event.query["metrics"] !== undefined) {
    // Loaded when somebody asks: the start of a part does not wait for it.
    const { healthMetrics } = await import("./health-metrics.ts");
    return { status: 200, ...(await healthMetrics(name, watched)) };
  }
  const health = () => ({ health: healthOf(watched), ages: watched.activity.ages() });
  const status = () => ({ part: name, state: "running", ...part.status(), ...health() });
  return part.answer?.(event, status) ?? { status: 200, body: status() };
}
