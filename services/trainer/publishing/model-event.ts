/** What happened to a function's model, as an event. */
import type { ModelAction, ModelNews } from "#shared/core/model.ts";
import { instantKey } from "#shared/core/proposal.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import { modelName, type ServingModel } from "../judging/serving-model.ts";

/** `atMs`: trace time of the collector's `generation`; `nowMs`: wall clock. */
export function modelEvent(
  serving: ServingModel,
  action: ModelAction,
  summary: string,
  { atMs, generation, nowMs }: { readonly atMs: number; readonly generation: string; readonly nowMs: number },
): ReplicantEvent<"model"> {
  const { control, record, digest, version } = serving;
  const data: ModelNews = {
    functionName: control.functionName,
    policy: { name: modelName(serving), version },
    layout: record.settings.layout,
    digest,
    action,
    summary: summary.slice(0, 2_000),
  };
  return makeEvent("model", {
    source: "trainer",
    subject: control.functionName,
    key: `${instantKey(atMs, generation)}-${action}`,
    nowMs,
    data,
  });
}
