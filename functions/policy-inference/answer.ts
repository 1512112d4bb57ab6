/** The function's HTTP face: a window event, or a list of them; a signed call publishes, an unsigned one has rules computed. */
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { instantKey } from "#shared/core/proposal.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { windowRealMs } from "#shared/events/age.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { WindowClosed } from "#shared/events/types.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { Judgement } from "#shared/host/call-verifier.ts";
import { bytesOf, failed, type Answer, type FunctionEvent } from "#shared/host/handler.ts";
import { isSigned } from "#shared/host/signature.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { previewRules, type Inference, type InferenceResult } from "./inference.ts";
import { checkPolicies, decodeWindows, OPEN_BOUNDS, SIGNED_BOUNDS, TooLargeError } from "./windows.ts";

/** What the answers need. */
export interface AnswerDeps {
  readonly inference: Inference;
  readonly bus: Pick<EventBus, "publish">;
  readonly judge: (event: FunctionEvent) => Judgement;
  /** Wall clock. */
  readonly nowMs: () => number;
  readonly activity: Activity;
}

/**
 * 200 with `{ published, because, results }`; 400 for a body that is no window event, 413 for one that is too large; 401 for a
 * signature that does not hold; 422 when the policy of the only window cannot be used (in a list the others are answered); 503
 * when the caller may come again. Before the signature holds nothing of the body is read; without one there are small bounds,
 * rules only, and nothing is remembered.
 */
export async function answerWindows(event: FunctionEvent, deps: AnswerDeps): Promise<Answer> {
  if (event.method !== "POST") return failed(405, "the method must be GET or POST");
  const { verdict, once } = deps.judge(event);
  try {
    if (verdict.ok) return await decide(event, once, deps);
    if (isSigned(event)) return notTaken(verdict.because);
    return await preview(event, verdict.because);
  } catch (thrown) {
    if (thrown instanceof TooLargeError) return failed(413, thrown.message);
    if (thrown instanceof BadInputError) return failed(400, thrown.message);
    return failed(503, messageOf(thrown));
  }
}

async function decide(event: FunctionEvent, once: Judgement["once"], deps: AnswerDeps): Promise<Answer> {
  const windows = decodeWindows(bytesOf(event.body), SIGNED_BOUNDS);
  checkPolicies(windows);
  const closed = windows.map(({ data }) => data);
  // Other replicas are asked meanwhile. A call that one of them took was signed, too: it leaves this memory where it was.
  const [results, taken] = await Promise.all([deps.inference.step(closed), once]);
  if (!taken.ok) return notTaken(taken.because);
  results.forEach((result, index) => expectMore(result, closed[index]!.window, deps.activity));
  const refusal = soleRefusal(results);
  if (refusal !== null) return failed(422, refusal);
  try {
    await Promise.all(results.map((result, index) => publish(result, closed[index]!, deps)));
  } catch (thrown) {
    // The connector tries again while the window is young enough; the same window gives the same proposal.
    return failed(503, `the proposal could not be published: ${messageOf(thrown)}`);
  }
  return { status: 200, body: { published: true, because: null, results } };
}

/** A page of another origin may send anything but JSON without asking; asking is answered with 405. */
const JSON_TYPE = /^application\/(cloudevents\+)?json[ \t]*(;|$)/i;

async function preview(event: FunctionEvent, because: string): Promise<Answer> {
  if (!JSON_TYPE.test(String(event.headers["content-type"] ?? ""))) {
    return failed(415, "an unsigned call must have the content type application/json");
  }
  const windows = decodeWindows(bytesOf(event.body), OPEN_BOUNDS);
  const results = await previewRules(windows.map(({ data }) => data));
  const refusal = soleRefusal(results);
  if (refusal !== null) return failed(422, refusal);
  return { status: 200, body: { published: false, because, results } };
}

function soleRefusal(results: readonly InferenceResult[]): string | null {
  const [only] = results;
  return results.length === 1 && only?.kind === "refused" ? only.because : null;
}

const notTaken = (because: string): Answer => ({ status: 401, body: { error: because, published: false, because } });

async function publish(result: InferenceResult, { managed, window }: WindowClosed, deps: AnswerDeps): Promise<void> {
  if (result.kind !== "proposal") return;
  const { proposal, mode } = result;
  await deps.bus.publish(
    makeEvent("proposal", {
      source: "policy-inference",
      subject: proposal.functionName,
      key: instantKey(proposal.endedAtMs, proposal.generation),
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
  else {
    const why = result.kind === "refused" ? `${result.because}; ` : "";
    activity.expect("proposal", functionName, { everyMs, else: `${why}the fallback rule decides` });
  }
}
