/** The function's HTTP face: a signed POST starts or stops a replay; GET reports on runs. */
import { BadInputError } from "#shared/core/errors.ts";
import { spoken } from "#shared/core/spoken.ts";
import { parseJson } from "#shared/core/checked.ts";
import type { Trace } from "#shared/traces/trace.ts";
import { type Answer, failed, type FunctionEvent, textOf } from "#shared/host/handler.ts";
import type { Verdict } from "#shared/host/signature.ts";
import { parseTrace } from "#shared/traces/formats/parse-trace.ts";
import { type ReplayRuns, RunInProgressError } from "./replay-runs.ts";
import { asObject, readReplayRequest, type ReplayRequest, type RequestDefaults } from "./request.ts";
import type { ShippedTraces } from "./shipped-traces.ts";

/** What the answers need: runs, traces, defaults and the check of signatures. */
export interface LoadGeneratorDeps {
  readonly runs: ReplayRuns;
  readonly traces: ShippedTraces;
  readonly defaults: RequestDefaults;
  readonly mayChange: (event: FunctionEvent) => Promise<Verdict>;
  readonly nowMs: () => number;
}

/**
 * `GET` → all runs and the names of shipped traces; `GET ?run=ID` → one run, 404 if unknown, 410 if it was lost with a process before this one. `POST` a replay request → 202
 * `{ runId, scheduleDigest, scheduled, startedAtMs }`, 409 while another run lasts. `POST {"stop": ID}`, or `DELETE` with
 * the same body → 200 with the stopped run. Both want a signature: 401 without. 400 with one sentence for what is wrong.
 */
export async function answerLoadGenerator(event: FunctionEvent, deps: LoadGeneratorDeps): Promise<Answer> {
  if (event.method === "GET" || event.method === "HEAD") return report(event, deps);
  if (event.method !== "POST" && event.method !== "DELETE")
    return failed(405, "the method must be GET, POST or DELETE");
  // Nothing of the body is read before.
  const verdict = await deps.mayChange(event);
  if (!verdict.ok) return failed(401, verdict.because);
  try {
    const asked = asObject(parseJson(textOf(event.body), "the body is not JSON"), "the body");
    if ("stop" in asked) return await stop(asked["stop"], deps);
    if (event.method === "DELETE") return failed(400, `the body must be like {"stop": "<run id>"}`);
    return await start(readReplayRequest(asked, deps.defaults, deps.nowMs()), deps);
  } catch (thrown) {
    if (thrown instanceof BadInputError) return failed(400, thrown.message);
    if (thrown instanceof RunInProgressError)
      return { status: 409, body: { error: thrown.message, runId: thrown.runId } };
    throw thrown;
  }
}

async function start(request: ReplayRequest, { runs, traces }: LoadGeneratorDeps): Promise<Answer> {
  const { runId, scheduleDigest, totals, startedAtMs } = runs.start(request, await traceOf(request, traces));
  return { status: 202, body: { runId, scheduleDigest, scheduled: totals.scheduled, startedAtMs } };
}

async function traceOf({ trace }: ReplayRequest, traces: ShippedTraces): Promise<Trace> {
  if (trace.kind === "shipped") return traces.load(trace.name);
  return parseTrace(trace.name, trace.text, trace.selection, { format: trace.format });
}

async function stop(runId: unknown, { runs }: LoadGeneratorDeps): Promise<Answer> {
  if (typeof runId !== "string") throw new BadInputError("stop must be the id of a run");
  const stopped = await runs.stop(runId);
  return stopped ? { status: 200, body: stopped } : unknownRun(runId, runs);
}

async function report(event: FunctionEvent, { runs, traces }: LoadGeneratorDeps): Promise<Answer> {
  const runId = event.query["run"];
  if (runId === undefined) {
    return {
      status: 200,
      body: { part: "load-generator", state: "running", runs: runs.list(), traces: await traces.names() },
    };
  }
  const found = typeof runId === "string" ? runs.find(runId) : null;
  return found ? { status: 200, body: found } : unknownRun(runId, runs);
}

function unknownRun(runId: unknown, runs: ReplayRuns): Answer {
  const lost = typeof runId === "string" ? runs.lost(runId) : null;
  return lost === null ? failed(404, `there is no run "${spoken(runId, 80)}"`) : failed(410, lost);
}
