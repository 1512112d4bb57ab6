/** The model that stands for a function now, and what it may do: read from the shelf once, written when it changes. */
import { digestOf } from "#shared/adapters/model-shelf/archive.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { ManagedFunction, Mode } from "#shared/core/managed-function.ts";
import { controlFor, type ModelAction, type ModelControl, type ModelNews } from "#shared/core/model.ts";
import { instantKey } from "#shared/core/proposal.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import type { CheckpointFiles, TrainingRecord } from "#shared/rl/checkpoint/types.ts";
import { HELD } from "#shared/policies/held-model.ts";
import type { PolicyReference } from "#shared/policies/reference.ts";
import type { ModelSource, ModelShelf } from "#shared/ports/model-shelf.ts";

export type ModelReference = Extract<PolicyReference, { kind: "model" }>;

export interface Standing {
  readonly reference: ModelReference;
  readonly control: ModelControl;
  readonly files: CheckpointFiles;
  readonly record: TrainingRecord;
  readonly digest: string;
  /** As policy-inference tells it in its proposals. */
  readonly version: string;
}

const VERSION_LETTERS = 12;

export interface StandingDeps {
  readonly shelf: ModelShelf;
  readonly source: ModelSource;
}

/** `known`: what the log says of the function. Rejects with `BadInputError` when the model cannot be used. */
export async function readStanding(
  { functionName, policy }: ManagedFunction,
  reference: ModelReference,
  known: ModelControl | null,
  deps: StandingDeps,
): Promise<Standing> {
  // A log from before controls stood in it has none; then the shelf's word counts.
  const said = known?.policy === policy ? known : await deps.shelf.control(functionName);
  const reason = "as the annotation says";
  const nothing = { step: null, before: null, version: null };
  const asAnnotated: ModelControl = { functionName, policy, ...nothing, mode: "auto", reason, atMs: 0 };
  const control = said?.policy === policy ? said : asAnnotated;
  const standing = await standingOrShipped(
    reference,
    reference.follows ? control : { ...control, step: null, before: null },
    deps,
  );
  return controlFor(standing.control, policy, standing.version) ? standing : { ...standing, control: asAnnotated };
}

/** Where a trained model is gone with the store that held it, the one that its name stands for begins on trial. */
async function standingOrShipped(
  reference: ModelReference,
  control: ModelControl,
  deps: StandingDeps,
): Promise<Standing> {
  const { step, mode, atMs } = control;
  try {
    return await standingOf(reference, control, deps);
  } catch (thrown) {
    if (step === null || !(thrown instanceof BadInputError)) throw thrown;
    const reason = `the model of step ${step} cannot be had any more (${messageOf(thrown)}): the shipped one is on trial`;
    return standingOf(
      reference,
      { ...control, step: null, before: null, version: null, mode: tried(mode), reason, atMs },
      deps,
    );
  }
}

const tried = (mode: Mode): Mode => (mode === "auto" ? "canary" : mode);

/** The same function under another control. */
export async function standingOf(
  reference: ModelReference,
  control: ModelControl,
  { shelf, source }: StandingDeps,
): Promise<Standing> {
  const { functionName, step } = control;
  const files = step === null ? await source.read(reference.source) : await shelf.modelsOf(functionName).read(step);
  const { record } = decodeCheckpoint(files);
  const digest = digestOf(files);
  return { reference, control, files, record, digest, version: digest.slice(0, VERSION_LETTERS) };
}

/** As in its proposals. */
export function modelName({ record: { settings }, reference }: Pick<Standing, "record" | "reference">): string {
  return `${settings.agent}@${settings.form}${reference.isHeld ? HELD : ""}`;
}

export function newsOf(
  standing: Standing,
  action: ModelAction,
  summary: string,
  { atMs, generation, nowMs }: { readonly atMs: number; readonly generation: string; readonly nowMs: number },
): ReplicantEvent<"model"> {
  const { control, record, digest, version } = standing;
  const data: ModelNews = {
    functionName: control.functionName,
    policy: { name: modelName(standing), version },
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
