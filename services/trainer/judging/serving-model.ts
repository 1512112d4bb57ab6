/** The model that serves a function, and what it may do: read from the model registry once, replaced when either changes. */
import { digestOf, versionOf } from "#shared/adapters/model-registry/archive.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { ManagedFunction, Mode } from "#shared/core/managed-function.ts";
import { controlFor, type ModelControl } from "#shared/core/model.ts";
import { HELD } from "#shared/policies/held-model.ts";
import type { PolicyReference } from "#shared/policies/reference.ts";
import type { ModelRegistry, ModelSource } from "#shared/ports/model-registry.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import type { CheckpointFiles, TrainingRecord } from "#shared/rl/checkpoint/types.ts";

/** A policy that names a model. */
export type ModelReference = Extract<PolicyReference, { kind: "model" }>;

/** A model that serves, and its control. */
export interface ServingModel {
  readonly reference: ModelReference;
  readonly control: ModelControl;
  readonly files: CheckpointFiles;
  readonly record: TrainingRecord;
  readonly digest: string;
  /** The version that policy-inference names in its proposals. */
  readonly version: string;
}

/** Where models are read: those trained for one function, and those that are shipped. */
export interface ModelPlaces {
  readonly registry: ModelRegistry;
  readonly source: ModelSource;
}

/** `logged`: the control in the trainer's log. Rejects with `BadInputError` when the model cannot be used. */
export async function readServingModel(
  { functionName, policy }: ManagedFunction,
  reference: ModelReference,
  logged: ModelControl | null,
  places: ModelPlaces,
): Promise<ServingModel> {
  // Logs from before controls were kept in them have none; then the registry's counts.
  const found = logged?.policy === policy ? logged : await places.registry.control(functionName);
  const reason = "as the annotation says";
  const nothing = { step: null, before: null, version: null };
  const asAnnotated: ModelControl = { functionName, policy, ...nothing, mode: "auto", reason, atMs: 0 };
  const control = found?.policy === policy ? found : asAnnotated;
  const allowed = reference.follows ? control : { ...control, step: null, before: null };
  const serving = await loadOrShipped(reference, allowed, places);
  return controlFor(serving.control, policy, serving.version) ? serving : { ...serving, control: asAnnotated };
}

/** Where a trained model is gone with the store that held it, the shipped one begins on trial. */
async function loadOrShipped(
  reference: ModelReference,
  control: ModelControl,
  places: ModelPlaces,
): Promise<ServingModel> {
  const { step } = control;
  try {
    return await loadServingModel(reference, control, places);
  } catch (thrown) {
    if (step === null || !(thrown instanceof BadInputError)) throw thrown;
    const reason = `the model of step ${step} is no longer available (${messageOf(thrown)}): the shipped one is on trial`;
    const mode: Mode = control.mode === "auto" ? "canary" : control.mode;
    return loadServingModel(reference, { ...control, step: null, before: null, version: null, mode, reason }, places);
  }
}

/** The model that `control` names. Rejects with `BadInputError` when it cannot be read. */
export async function loadServingModel(
  reference: ModelReference,
  control: ModelControl,
  { registry, source }: ModelPlaces,
): Promise<ServingModel> {
  const { functionName, step } = control;
  const files = step === null ? await source.read(reference.source) : await registry.modelsOf(functionName).read(step);
  const { record } = decodeCheckpoint(files);
  const digest = digestOf(files);
  return { reference, control, files, record, digest, version: versionOf(digest) };
}

/** The name that policy-inference gives it in its proposals. */
export function modelName({ record: { settings }, reference }: Pick<ServingModel, "record" | "reference">): string {
  return `${settings.agent}@${settings.form}${reference.isHeld ? HELD : ""}`;
}
