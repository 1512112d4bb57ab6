/** Which policy proposes for which function: what the annotation names, in the version and with the rights that the shelf tells. */
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { controlFor, stricter, type ModelControl } from "#shared/core/model.ts";
import { AnchoredPolicy } from "#shared/policies/anchored.ts";
import type { LearnedModel } from "#shared/policies/learned.ts";
import { policyReference, type PolicyReference } from "#shared/policies/reference.ts";
import type { ModelShelf } from "#shared/ports/model-shelf.ts";
import type { Models } from "./models.ts";
import { Recent, REMEMBERED } from "./recent.ts";
import { withoutModel, type Assigning } from "./rules.ts";

export interface Assignments extends Assigning {
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
  /** Gives the model back. */
  readonly release: () => void;
  readonly readAtMs: number;
}

/** News may be missed: the shelf is looked at again after so long, real time. */
const REFRESH_MS = 10_000;

export interface AssignmentsDeps {
  readonly shelf: Pick<ModelShelf, "control">;
  readonly models: Models;
  /** Milliseconds of a clock that nobody sets. */
  readonly nowMs: () => number;
  readonly log: (message: string) => void;
}

export function createAssignments({ shelf, models, nowMs, log }: AssignmentsDeps): Assignments {
  const held = new Recent<Held>({ ...REMEMBERED, nowMs, onForgotten: ({ release }) => release() });
  const reading = new Map<string, Promise<Held>>();

  async function read(functionName: string, reference: ModelReference): Promise<Held> {
    const said = await shelf.control(functionName);
    const ofPolicy = said?.policy === reference.text ? said : null;
    const step = reference.follows ? (ofPolicy?.step ?? null) : null;
    let model: LearnedModel | null = null;
    let release = () => {};
    let refused: string | null = null;
    try {
      ({ model, release } = await models.use(functionName, reference.source, step));
    } catch (thrown) {
      if (!(thrown instanceof BadInputError)) throw thrown;
      refused = thrown.message;
      log(refused);
    }
    const control = controlFor(ofPolicy, reference.text, model?.identity.version ?? null);
    const found = { reference, control, model, refused, release, readAtMs: nowMs() };
    held.set(functionName, found);
    return found;
  }

  const readingKey = (functionName: string, { text }: ModelReference) => JSON.stringify([functionName, text]);

  /** One reading of a function's policy at a time; another policy is another reading. */
  function readOnce(functionName: string, reference: ModelReference): Promise<Held> {
    const key = readingKey(functionName, reference);
    let running = reading.get(key);
    if (!running) {
      running = read(functionName, reference).finally(() => reading.delete(key));
      reading.set(key, running);
    }
    return running;
  }

  async function refresh(functionName: string): Promise<void> {
    const known = held.peek(functionName);
    if (!known) return;
    // What was begun before the news may have read what was before it.
    await reading.get(readingKey(functionName, known.reference))?.catch(() => {});
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
      if (reference.kind !== "model") {
        held.delete(managed.functionName);
        return withoutModel(reference, managed);
      }
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
      held
        .entries()
        .flatMap(([functionName, { refused }]) => (refused === null ? [] : `'${functionName}': ${refused}`)),
    describe: () =>
      Object.fromEntries(
        held
          .entries()
          .map(([functionName, { control, model, refused }]) => [
            functionName,
            refused ?? `${model!.identity.name} ${model!.identity.version}, ${control?.mode ?? "auto"}`,
          ]),
      ),
  };
}
