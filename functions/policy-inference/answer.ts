/** The function's HTTP face: a window event, or a list of them; a signed call publishes, an unsigned one only answers. */
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { windowRealMs } from "#shared/events/age.ts";
import { decodeEvent, makeEvent, readEvent } from "#shared/events/codec.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import type { ReplicantEvent, WindowClosed } from "#shared/events/types.ts";
import type { Activity } from "#shared/host/activity.ts";
import { textOf, type Answer, type FunctionEvent } from "#shared/host/handler.ts";
import type { Verdict } from "#shared/host/signature.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import type { Inference, InferenceResult } from "./inference.ts";

export interface AnswerDeps {
  readonly inference: Inference;
  readonly bus: Pick<EventBus, "publish">;
  readonly mayChange: (event: FunctionEvent) => Verdict;
  readonly nowMs: () => number;
  readonly activity: Activity;
}

/**
 * 200 with `{ published, because, results }`; 400 for a body that is no window event; 422 when the policy of the only window
 * cannot be used (in a list the others are answered); 503 when the caller may come again.
 */
export async function answerWindows(event: FunctionEvent, deps: AnswerDeps): Promise<Answer> {
  let windows: readonly ReplicantEvent<"window">[];
  try {
    windows = decodeWindows(textOf(event.body));
  } catch (thrown) {
    if (thrown instanceof BadInputError) return { status: 400, body: { error: thrown.message } };
    throw thrown;
  }

  const verdict = deps.mayChange(event);
  const closed = windows.map(({ data }) => data);
  let results: readonly InferenceResult[];
  try {
    results = await (verdict.ok ? deps.inference.step(closed) : deps.inference.preview(closed));
  } catch (thrown) {
    return { status: 503, body: { error: messageOf(thrown) } };
  }
  if (verdict.ok) results.forEach((result, index) => expectMore(result, closed[index]!.window, deps.activity));
  const [only] = results;
  if (results.length === 1 && only?.kind === "refused") return { status: 422, body: { error: only.because } };
  if (!verdict.ok) return { status: 200, body: { published: false, because: verdict.because, results } };

  try {
    await Promise.all(results.map((result, index) => publish(result, closed[index]!, deps)));
  } catch (thrown) {
    // The connector tries again while the window is young enough; the same window gives the same proposal.
    return { status: 503, body: { error: `the proposal could not be published: ${messageOf(thrown)}` } };
  }
  return { status: 200, body: { published: true, because: null, results } };
}

async function publish(result: InferenceResult, { managed, window }: WindowClosed, deps: AnswerDeps): Promise<void> {
  if (result.kind !== "proposal") return;
  const { proposal, mode } = result;
  await deps.bus.publish(
    makeEvent("proposal", {
      source: "policy-inference",
      subject: proposal.functionName,
      key: proposal.endedAtMs,
      nowMs: deps.nowMs(),
      data: { managed: { ...managed, mode }, proposal, window },
    }),
  );
  deps.activity.did("proposal", proposal.functionName);
}

/** The next window and its proposal, unless nobody wants one. */
function expectMore(result: InferenceResult, window: MetricsWindow, activity: Activity): void {
  const { functionName } = window;
  const everyMs = windowRealMs(window);
  activity.did("window", functionName, { everyMs, else: "there is nothing to propose for" });
  if (result.kind === "withheld") activity.excuse("proposal", functionName);
  else activity.expect("proposal", functionName, { everyMs, else: "the fallback rule decides" });
}

const MOST_WINDOWS_A_CALL = 2_000;

function decodeWindows(text: string): ReplicantEvent<"window">[] {
  if (!text.trimStart().startsWith("[")) return [decodeEvent("window", new TextEncoder().encode(text))];
  let list: readonly unknown[];
  try {
    list = JSON.parse(text) as readonly unknown[];
  } catch {
    throw new BadInputError("the body is not JSON");
  }
  if (list.length > MOST_WINDOWS_A_CALL) {
    throw new BadInputError(`at most ${MOST_WINDOWS_A_CALL} windows a call, were: ${list.length}`);
  }
  return list.map((one) => readEvent("window", one));
}
