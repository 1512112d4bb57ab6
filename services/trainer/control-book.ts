/**
 * What each function's model may do. The trainer's log is the truth: a change counts when it stands there. The shelf, from which
 * models are served, is a copy: it is told of every change, looked at by and by, and told anew where it has forgotten.
 */
import { isDeepStrictEqual } from "node:util";

import type { Clock } from "#shared/core/clock.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { ManagedFunction, Mode } from "#shared/core/managed-function.ts";
import type { ModelAction, ModelControl } from "#shared/core/model.ts";
import type { Log } from "#shared/host/log.ts";
import { policyReference } from "#shared/policies/reference.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import type { Careful } from "./careful.ts";
import type { HistoryEntry } from "./log/entries.ts";
import type { TrainerMemory } from "./memory.ts";
import { newsOf, readStanding, standingOf, type Standing, type StandingDeps } from "./standing.ts";

export interface ControlBookDeps extends StandingDeps {
  readonly memory: TrainerMemory;
  readonly careOf: (functionName: string) => Careful;
  readonly bus: Pick<EventBus, "publish">;
  readonly clock: Clock;
  readonly say: Log;
}

export interface ControlBook {
  /** The model that stands; null for a rule, and for a model that cannot be used now. */
  standingFor(one: Careful, managed: ManagedFunction): Promise<Standing | null>;
  /** Writes, tells, and begins to count anew. Rejects when the log takes nothing or the model cannot be read. */
  change(one: Careful, standing: Standing, control: ModelControl, action: ModelAction): Promise<void>;
  /** An order; whatever was counted before counts no more. */
  setMode(one: Careful, mode: Mode, reason: string): Promise<void>;
  /** Into the log and to everybody; nothing changes. */
  tell(one: Careful, standing: Standing, action: ModelAction, reason: string, atMs: number): Promise<void>;
  note(functionName: string, action: HistoryEntry["action"], reason: string, atMs: number): Promise<void>;
  /** Compares the shelf with the log until `signal` aborts. */
  keepTold(signal: AbortSignal): Promise<void>;
  /** Why the shelf does not hold what it should; null where it does. */
  problem(): string | null;
}

/** A store that came back empty is told again within this, real time. */
const LOOK_EVERY_MS = 5_000;

export function createControlBook(deps: ControlBookDeps): ControlBook {
  const { memory, careOf, bus, clock, say, shelf } = deps;
  let problem: string | null = null;

  async function tellShelf(control: ModelControl): Promise<void> {
    try {
      await shelf.setControl(control);
      problem = null;
    } catch (thrown) {
      problem = `what the model of '${control.functionName}' may do could not be put on the shelf: ${messageOf(thrown)}`;
      say.warn({ functionName: control.functionName, problem }, "it is tried again");
    }
  }

  async function begin(one: Careful, standing: Standing): Promise<void> {
    const { control } = standing;
    // Said in any case, once: who serves gives a model no control of which it has heard nothing.
    if (!isDeepStrictEqual(memory.controls.get(control.functionName), control)) {
      await memory.control(control);
      await tellShelf(control);
    }
    one.standing = standing;
    one.record.begin();
  }

  async function standingFor(one: Careful, managed: ManagedFunction): Promise<Standing | null> {
    if (one.standing?.reference.text === managed.policy) return one.standing;
    one.standing = null;
    one.problem = null;
    try {
      const reference = policyReference(managed.policy);
      if (reference.kind !== "model") return null;
      // The control that is written next answers it.
      const order = memory.orders.get(managed.functionName);
      const known = memory.controls.get(managed.functionName) ?? null;
      await begin(one, await readStanding(managed, reference, known, deps));
      if (order) await setMode(one, order.mode, order.reason);
    } catch (thrown) {
      one.problem = messageOf(thrown);
    }
    return one.standing;
  }

  async function setMode(one: Careful, mode: Mode, reason: string): Promise<void> {
    const standing = one.standing!;
    const { control } = standing;
    one.record.judgeAnew();
    if (control.mode === mode) return;
    const atMs = one.record.windows.at(-1)?.endedAtMs ?? control.atMs;
    await change(one, standing, { ...control, mode, reason, version: null, atMs }, "mode");
  }

  async function change(one: Careful, standing: Standing, control: ModelControl, action: ModelAction): Promise<void> {
    const next = await standingOf(standing.reference, control, deps);
    // What takes control away does not wait for a disk that is full.
    await (action === "rolled-back" ? memory.controlAnyway(control) : memory.control(control));
    one.standing = next;
    one.record.begin();
    await tellShelf(control);
    await tell(one, next, action, control.reason, control.atMs).catch((thrown: unknown) => {
      if (action !== "rolled-back") throw thrown;
    });
  }

  async function note(functionName: string, action: HistoryEntry["action"], reason: string, atMs: number) {
    say.info({ event: "model", functionName, action }, reason);
    await memory.note({ functionName, atMs, action, reason });
  }

  async function tell(one: Careful, standing: Standing, action: ModelAction, reason: string, atMs: number) {
    await note(one.record.functionName, action, reason, atMs);
    try {
      const { generation } = one.record;
      await bus.publish(newsOf(standing, action, reason, { atMs, generation, nowMs: clock.nowMs() }));
    } catch (thrown) {
      // Who serves looks at the shelf by and by; the log keeps the story whole.
      say.warn({ problem: messageOf(thrown) }, "a model event could not be published");
    }
  }

  /** What became of the shelf is no matter: it was cleared, it is another one, or somebody else wrote. */
  async function tellAnew(functionName: string): Promise<void> {
    const found = await shelf.control(functionName).catch((thrown: unknown) => {
      // What cannot be read is no word either.
      if (thrown instanceof BadInputError) return null;
      throw thrown;
    });
    const control = memory.controls.get(functionName)!;
    if (isDeepStrictEqual(found, control)) return;
    say.warn(
      { functionName, mode: control.mode, found: found?.mode ?? null },
      "the model store differs from the trainer's log and is corrected",
    );
    const { standing } = careOf(functionName);
    const { step } = control;
    if (step !== null && standing?.control.step === step) {
      const models = shelf.modelsOf(functionName);
      if (!(await models.steps()).includes(step)) await models.write(step, standing.files);
    }
    await tellShelf(control);
  }

  return {
    standingFor,
    change,
    setMode,
    tell,
    note,
    problem: () => problem,
    async keepTold(signal) {
      while (!signal.aborted) {
        for (const functionName of memory.controls.keys()) {
          await tellAnew(functionName).catch((thrown: unknown) => {
            problem = `what the model of '${functionName}' may do could not be compared with the shelf: ${messageOf(thrown)}`;
          });
        }
        await memory.writeLate();
        await clock.sleep(LOOK_EVERY_MS, signal);
      }
    },
  };
}
