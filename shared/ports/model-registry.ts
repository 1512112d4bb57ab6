/** The published models of all functions, and what each of them may do: shared by who trains and who serves. */
import type { ModelControl } from "../core/model.ts";
import type { ModelStore } from "./model-store.ts";

/** Models by function, and the control of each. */
export interface ModelRegistry {
  /** Where it is, for people. */
  readonly place: string;
  /** The versions that were trained for one function. */
  modelsOf(functionName: string): ModelStore;
  /** Null: nobody has said anything, and the annotation alone counts. */
  control(functionName: string): Promise<ModelControl | null>;
  setControl(control: ModelControl): Promise<void>;
}

/** The models that travel with the program, and checkpoints in folders. */
export interface ModelSource {
  /** Names of those that travel with the program. */
  names(): Promise<readonly string[]>;
  /** By name or by absolute path. Throws `BadInputError` where there is none or where it cannot be read. */
  read(source: string): Promise<Readonly<Record<string, Uint8Array>>>;
}
