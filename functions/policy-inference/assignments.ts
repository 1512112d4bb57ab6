/** Which policy proposes for which function: what the annotation names, in the version and with the rights that the shelf tells. */
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { ManagedFunction, Mode } from "#shared/core/managed-function.ts";
import { controlFor, stricter, type ModelControl } from "#shared/core/model.ts";
import type { ScalingPolicy } from "#shared/core/policy.ts";
import { AnchoredPolicy } from "#shared/policies/anchored.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import type { LearnedModel } from "#shared/policies/learned.ts";
import { policyReference, type PolicyReference } from "#shared/policies/reference.ts";
import type { ModelShelf } from "#shared/ports/model-shelf.ts";
import type { Models } from "./models.ts";

export type Assignment = Proposing | Withheld;

export interface Proposing {
  /** Another key is another policy, which begins with the function's history. */
  readonly key: string;
  readonly make: () => ScalingPolicy;
  /** What comes of its proposals: the stricter of what the annotation allows and what the model may do. */
  readonly mode: Mode;
  /** Told for the record; the fallback rule decides. */
  readonly isAdvice: boolean;
  readonly withheld: null;
}

export interface Withheld {
  /** Why nothing is proposed. */
  readonly withheld: string;
}

export interface Assignments {
  /** Rejects with `BadInputError` for a policy that cannot be used, with another error when the shelf cannot be read now. */
  of(managed: ManagedFunction): Promise<Assignment>;
  /** The shelf may tell something new about the function. The old model proposes until the new one is ready. */
  refresh(functionName: string): Promise<void>;
  /** For the status: by function, one line. */
  describe(): Readonly<Record<string, string>>;
  /** Why there is no model for a function, a sentence each. */
  problems(): readonly string[];
}

type ModelReference = Extract<PolicyReference, { kind: "model" }>;

interface Held {
  readonly reference: ModelReference;
  readonly control: ModelControl | null;
  readonly model: LearnedModel | null;
  /** Why there is no model. */
  readonly refused: string | null;
  readonly readAtMs: number;
}

/** News may be missed: the shelf is looked at again after so long, real time. */
const REFRESH_MS = 10_000;

export interface AssignmentsDeps {
  readonly shelf: Pick<ModelShelf, "control">;
  readonly models: Models;
  readonly nowMs: () => number;
  readonly log: (message: string) => void;
}

export function createAssignments({ shelf, models, nowMs, log }: AssignmentsDeps): Assignments {
  const held = new Map<string, Held>();
  const reading = new Map<string, Promise<Held>>();

  async function read(functionName: string, reference: ModelReference): Promise<Held> {
    const said = await shelf.control(functionName);
    const ofPolicy = said?.policy === reference.text ? said : null;
    const step = reference.follows ? (ofPolicy?.step ?? null) : null;
    let model: LearnedModel | null = null;
    let refused: string | null = null;
    try {
      model = await models.load(functionName, reference.source, step);
    } catch (thrown) {
      if (!(thrown instanceof BadInputError)) throw thrown;
      refused = thrown.message;
      log(refused);
    }
    const control = controlFor(ofPolicy, reference.text, model?.identity.version ?? null);
    const found = { reference, control, model, refused, readAtMs: nowMs() };
    held.set(functionName, found);
    models.keepOnly(new Set([...held.values()].flatMap((one) => one.model ?? [])));
    return found;
  }

  /** One reading of a function at a time. */
  function readOnce(functionName: string, reference: ModelReference): Promise<Held> {
    let running = reading.get(functionName);
    if (!running) {
      running = read(functionName, reference).finally(() => reading.delete(functionName));
      reading.set(functionName, running);
    }
    return running;
  }

  async function refresh(functionName: string): Promise<void> {
    const known = held.get(functionName);
    if (!known) return;
    // What was begun before the news may have read what was before it.
    await reading.get(functionName)?.catch(() => {});
    try {
      await readOnce(functionName, known.reference);
    } catch (thrown) {
      log(`what the model of '${functionName}' may do could not be read: ${messageOf(thrown)}`);
    }
  }

  async function heldFor(functionName: string, reference: ModelReference): Promise<Held> {
    const known = held.get(functionName);
    // Memory of a former policy, or of a refusal that may have been mended, is no answer.
    if (known?.reference.text !== reference.text || known.model === null) return readOnce(functionName, reference);
    if (nowMs() - known.readAtMs > REFRESH_MS) void refresh(functionName);
    return known;
  }

  return {
    async of(managed) {
      const reference = policyReference(managed.policy);
      if (reference.kind === "rule") {
        const { text } = reference;
        return { key: text, make: policyByName(text), mode: managed.mode, isAdvice: false, withheld: null };
      }
      if (reference.kind === "external") return { withheld: "somebody else proposes for this function" };
      const { control, model, refused } = await heldFor(managed.functionName, reference);
      if (model === null) throw new BadInputError(refused!);
      const { name, version } = model.identity;
      const modelMode = control?.mode ?? "auto";
      if (modelMode === "off") return { withheld: `the model is off: ${control!.reason}` };
      const isAdvice = modelMode === "shadow" && managed.mode !== "shadow";
      return {
        key: `${reference.text} ${name} ${version}`,
        make: () => new AnchoredPolicy(model),
        // Advice does not change what may be done with the rule's decision.
        mode: isAdvice ? managed.mode : stricter(managed.mode, modelMode),
        isAdvice,
        withheld: null,
      };
    },
    refresh,
    problems: () =>
      [...held].flatMap(([functionName, { refused }]) => (refused === null ? [] : `'${functionName}': ${refused}`)),
    describe: () =>
      Object.fromEntries(
        [...held].map(([functionName, { control, model, refused }]) => [
          functionName,
          refused ?? `${model!.identity.name} ${model!.identity.version}, ${control?.mode ?? "auto"}`,
        ]),
      ),
  };
}
