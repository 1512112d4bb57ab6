/** Which policy proposes for which function: what the annotation names, in the version and with the rights that the registry gives. */
import type { SettingValue } from "#shared/config/settings.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { controlFor, stricter, type ModelControl } from "#shared/core/model.ts";
import { CheckpointedMemoryPolicy } from "#shared/policies/checkpointed-memory.ts";
import { heldModel } from "#shared/policies/held-model.ts";
import type { LearnedModel } from "#shared/policies/learned.ts";
import { policyReference, type PolicyReference } from "#shared/policies/reference.ts";
import type { ModelRegistry } from "#shared/ports/model-registry.ts";
import type { Models } from "./models.ts";
import { Recent, REMEMBERED } from "./recent.ts";
import { withoutModel, type Assigning } from "./rules.ts";

/** The policies of all functions seen lately. */
export interface Assignments extends Assigning {
  /** The registry may have something new about the function. The old model proposes until the new one is ready. */
  refresh(functionName: string): Promise<void>;
  /** For the status: by function, one line. */
  describe(): Readonly<Record<string, string>>;
  /** Why there is no model for a function, or none that decides, a sentence each. */
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

/** Does a model that the registry has no control for only advise until the trainer decides? */
const WAITS_FOR_TRAINER: Record<SettingValue<"MODEL_CONTROL">, boolean> = { annotation: false, trainer: true };
/** Events may be missed: the registry is read again after so long, real time. */
const REFRESH_MS = 10_000;

/** What assignments need: registry, models, a monotonic clock and a log. */
export interface AssignmentsDeps {
  readonly registry: Pick<ModelRegistry, "control">;
  readonly models: Models;
  /** Milliseconds of a clock that nobody sets. */
  readonly nowMs: () => number;
  /**
   * `trainer`: without the trainer's word a model advises and the rule decides, so that one that was rolled back does not come
   * back with a store that lost the verdict. `annotation`, the default: it begins with what the annotation allows.
   */
  readonly controlFrom?: SettingValue<"MODEL_CONTROL">;
  readonly log: (message: string) => void;
}

/** No function has a policy before its first window. */
export function createAssignments(deps: AssignmentsDeps): Assignments {
  const { registry, models, nowMs, controlFrom = "annotation", log } = deps;
  const held = new Recent<Held>({ ...REMEMBERED, nowMs, onForgotten: ({ release }) => release() });
  const reading = new Map<string, Promise<Held>>();

  /** A registry that says nothing has taken nothing back: what it said of the policy before holds. */
  async function controlOf(functionName: string, { text }: ModelReference): Promise<ModelControl | null> {
    const said = await registry.control(functionName);
    if (said !== null) return said.policy === text ? said : null;
    const known = held.peek(functionName)?.control ?? null;
    if (known?.policy !== text) return null;
    log(`the registry says nothing of the model of '${functionName}' any more: it stays '${known.mode}'`);
    return known;
  }

  async function read(functionName: string, reference: ModelReference): Promise<Held> {
    const ofPolicy = await controlOf(functionName, reference);
    const step = reference.follows ? (ofPolicy?.step ?? null) : null;
    let model: LearnedModel | null = null;
    let release = () => {};
    let refused: string | null = null;
    try {
      const used = await models.use(functionName, reference.source, step);
      release = used.release;
      model = reference.isHeld ? heldModel(used.model) : used.model;
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

  const awaitsTrainer = ({ control, model }: Held) =>
    WAITS_FOR_TRAINER[controlFrom] && control === null && model !== null;

  async function heldFor(functionName: string, reference: ModelReference): Promise<Held> {
    const known = held.get(functionName);
    // Memory of a former policy, or of a refusal that may have been mended, is no answer.
    if (known?.reference.text !== reference.text || known.model === null) return readOnce(functionName, reference);
    // The word that is waited for counts from the next window on.
    if (awaitsTrainer(known)) return readOnce(functionName, reference).catch(() => known);
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
      const one = await heldFor(managed.functionName, reference);
      const { control, model, refused } = one;
      if (model === null) throw new BadInputError(refused!);
      const { name, version } = model.identity;
      const modelMode = control?.mode ?? (awaitsTrainer(one) ? "shadow" : "auto");
      if (modelMode === "off") return { withheld: `the model is off: ${control!.reason}` };
      const isAdvice = modelMode === "shadow" && managed.mode !== "shadow";
      return {
        key: `${reference.text} ${name} ${version}`,
        make: () => new CheckpointedMemoryPolicy(model),
        // Advice does not change what may be done with the rule's decision.
        mode: isAdvice ? managed.mode : stricter(managed.mode, modelMode),
        isAdvice,
        withheld: null,
      };
    },
    refresh,
    problems: () =>
      held.entries().flatMap(([functionName, one]) => {
        if (one.refused !== null) return `'${functionName}': ${one.refused}`;
        if (!awaitsTrainer(one)) return [];
        return `the trainer has not said what the model of '${functionName}' may do: the rule decides`;
      }),
    describe: () =>
      Object.fromEntries(
        held.entries().map(([functionName, one]) => {
          const mode = one.control?.mode ?? (awaitsTrainer(one) ? "shadow until the trainer speaks" : "auto");
          return [functionName, one.refused ?? `${one.model!.identity.name} ${one.model!.identity.version}, ${mode}`];
        }),
      ),
  };
}
