/**
 * Publishes what each function's model may do. The trainer's log is the truth: a change counts once it is written there. The model
 * registry, from which models are served, is a copy: every change is written to it, and `RegistryCopy` restores what it loses.
 */
import { isDeepStrictEqual } from "node:util";

import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { ManagedFunction, Mode } from "#shared/core/managed-function.ts";
import type { ModelAction, ModelControl, ModelNews } from "#shared/core/model.ts";
import { instantKey } from "#shared/core/proposal.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { Log } from "#shared/host/log.ts";
import { policyReference } from "#shared/policies/reference.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import {
  loadServingModel,
  modelName,
  readServingModel,
  type ModelPlaces,
  type ServingModel,
} from "../judging/serving-model.ts";
import type { HistoryEntry } from "../memory/entries.ts";
import type { TrainerMemory } from "../memory/trainer-memory.ts";
import type { TrainedFunction } from "../trained-function.ts";
import type { RegistryCopy } from "./registry-copy.ts";

/** What publishing needs. */
export interface PublisherDeps extends ModelPlaces {
  readonly memory: TrainerMemory;
  readonly copy: Pick<RegistryCopy, "write">;
  readonly bus: Pick<EventBus, "publish">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: Log;
}

/** Says what models may do, and what became of them. */
export type Publisher = ReturnType<typeof createPublisher>;

/** A publisher to `memory` first, then to the registry and the bus. */
export function createPublisher(deps: PublisherDeps) {
  const { memory, copy, bus, clock, log } = deps;

  /** The model that serves the function; null for a rule, and for a model that cannot be used now. */
  async function servingModelOf(trained: TrainedFunction, managed: ManagedFunction): Promise<ServingModel | null> {
    if (trained.serving?.reference.text === managed.policy) return trained.serving;
    trained.serving = null;
    trained.problem = null;
    try {
      const reference = policyReference(managed.policy);
      if (reference.kind !== "model") return null;
      // The next control that is written answers it.
      const order = memory.orders.get(managed.functionName);
      const logged = memory.controls.get(managed.functionName) ?? null;
      await begin(trained, await readServingModel(managed, reference, logged, deps));
      if (order) await setMode(trained, order.mode, order.reason);
    } catch (thrown) {
      trained.problem = messageOf(thrown);
    }
    return trained.serving;
  }

  async function begin(trained: TrainedFunction, serving: ServingModel): Promise<void> {
    const { control } = serving;
    // Published once in any case: policy-inference gives no control to a model of which it has received none.
    if (!isDeepStrictEqual(memory.controls.get(control.functionName), control)) {
      await memory.control(control);
      await copy.write(control);
    }
    trained.serving = serving;
    trained.record.begin();
  }

  /** An operator's order; whatever was counted before no longer counts. */
  async function setMode(trained: TrainedFunction, mode: Mode, reason: string): Promise<void> {
    const serving = trained.serving!;
    const { control } = serving;
    trained.record.judgeAnew();
    if (control.mode === mode) return;
    const atMs = trained.record.windows.at(-1)?.endedAtMs ?? control.atMs;
    await change(trained, serving, { ...control, mode, reason, version: null, atMs }, "mode");
  }

  /** Logs the change, publishes it, and starts counting anew. Rejects when the log or the model is unavailable. */
  async function change(
    trained: TrainedFunction,
    serving: ServingModel,
    control: ModelControl,
    action: ModelAction,
  ): Promise<void> {
    const next = await loadServingModel(serving.reference, control, deps);
    // Taking control away does not wait for a full disk.
    await (action === "rolled-back" ? memory.controlAnyway(control) : memory.control(control));
    trained.serving = next;
    trained.record.begin();
    await copy.write(control);
    await announce(trained, next, action, control.reason, control.atMs).catch((thrown: unknown) => {
      if (action !== "rolled-back") throw thrown;
    });
  }

  /** Into the log and onto the bus; nothing changes. `atMs`: trace time of the function's present generation. */
  async function announce(
    { record: { functionName, generation } }: TrainedFunction,
    serving: ServingModel,
    action: ModelAction,
    reason: string,
    atMs: number,
  ): Promise<void> {
    await note(functionName, action, reason, atMs);
    const { control, record, digest, version } = serving;
    const data: ModelNews = {
      functionName: control.functionName,
      policy: { name: modelName(serving), version },
      layout: record.settings.layout,
      digest,
      action,
      summary: reason.slice(0, 2_000),
    };
    const key = `${instantKey(atMs, generation)}-${action}`;
    const about = { source: "trainer", subject: control.functionName, key, nowMs: clock.nowMs(), data };
    try {
      await bus.publish(makeEvent("model", about));
    } catch (thrown) {
      // Policy-inference reads the registry from time to time; the log keeps the history whole.
      log.warn({ problem: messageOf(thrown) }, "a model event could not be published");
    }
  }

  /** Into the log alone. */
  async function note(functionName: string, action: HistoryEntry["action"], reason: string, atMs: number) {
    log.info({ event: "model", functionName, action }, reason);
    await memory.note({ functionName, atMs, action, reason });
  }

  return { servingModelOf, change, setMode, announce, note };
}
