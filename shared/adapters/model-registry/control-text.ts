/** What a model may do, as a line of JSON; read as something that anybody may have written. */
import { BadInputError } from "../../core/errors.ts";
import { MODES } from "../../core/managed-function.ts";
import type { ModelControl } from "../../core/model.ts";
import { parseJson } from "../../core/checked.ts";

/** Throws `BadInputError` that names the place and the field. */
export function readControl(place: string, text: string): ModelControl {
  return readControlFields(place, parseJson(text, `${place}: is not JSON`));
}

/** The same of JSON that is parsed already. */
export function readControlFields(place: string, json: unknown): ModelControl {
  const found = json as Partial<ModelControl>;
  const need = (field: keyof ModelControl, fits: boolean) => {
    if (!fits) throw new BadInputError(`${place}: ${field} cannot be '${JSON.stringify(found?.[field])}'`);
  };
  const isStep = (value: unknown) => value === null || (Number.isInteger(value) && (value as number) >= 0);
  need("functionName", typeof found?.functionName === "string");
  need("policy", typeof found.policy === "string");
  need("step", isStep(found.step));
  need("before", found.before === null || (typeof found.before === "object" && isStep(found.before.step)));
  need(
    "mode",
    MODES.some((mode) => mode === found.mode),
  );
  need("version", found.version === undefined || found.version === null || typeof found.version === "string");
  need("reason", typeof found.reason === "string");
  need("atMs", Number.isFinite(found.atMs));
  // Written before a control named a version: it holds for any.
  return { ...(found as ModelControl), version: found.version ?? null };
}
