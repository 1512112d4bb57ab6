/** Keeps the model registry a copy of the trainer's log, whatever happened to it: cleared, replaced, or written by somebody else. */
import { isDeepStrictEqual } from "node:util";

import type { Clock } from "#shared/core/clock.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { ModelControl } from "#shared/core/model.ts";
import type { Log } from "#shared/host/log.ts";
import type { ModelRegistry } from "#shared/ports/model-registry.ts";
import type { TrainerMemory } from "../memory/trainer-memory.ts";
import type { TrainedFunction } from "../trained-function.ts";

/** What the copy needs. */
export interface RegistryCopyDeps {
  readonly registry: ModelRegistry;
  readonly memory: Pick<TrainerMemory, "controls" | "writeLate">;
  readonly trainedFunction: (functionName: string) => Pick<TrainedFunction, "serving">;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

/** A registry that came back empty is complete again within this, real time. */
const COMPARE_EVERY_MS = 5_000;

/** Writes controls to the registry, and restores those that it lost. */
export class RegistryCopy {
  /** Why the registry does not hold what it should; null where it does. */
  problem: string | null = null;

  constructor(readonly deps: RegistryCopyDeps) {}

  /** Never rejects: what cannot be written is a problem, and tried again. */
  async write(control: ModelControl): Promise<void> {
    const { registry, log } = this.deps;
    try {
      await registry.setControl(control);
      this.problem = null;
    } catch (thrown) {
      const { functionName } = control;
      this.problem = `the control of the model of '${functionName}' could not be written to the model registry: ${messageOf(thrown)}`;
      log.warn({ functionName, problem: this.problem }, "it is tried again");
    }
  }

  /** Compares the registry with the log until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { memory, clock } = this.deps;
    while (!signal.aborted) {
      for (const functionName of memory.controls.keys()) {
        await this.#restore(functionName).catch((thrown: unknown) => {
          this.problem = `the control of the model of '${functionName}' could not be compared with the model registry: ${messageOf(thrown)}`;
        });
      }
      await memory.writeLate();
      await clock.sleep(COMPARE_EVERY_MS, signal);
    }
  }

  async #restore(functionName: string): Promise<void> {
    const { registry, memory, trainedFunction, log } = this.deps;
    const found = await registry.control(functionName).catch((thrown: unknown) => {
      // A control that cannot be read is none.
      if (thrown instanceof BadInputError) return null;
      throw thrown;
    });
    const control = memory.controls.get(functionName)!;
    if (isDeepStrictEqual(found, control)) return;
    log.warn(
      { functionName, mode: control.mode, found: found?.mode ?? null },
      "the model registry differs from the trainer's log and is corrected",
    );
    const { serving } = trainedFunction(functionName);
    const { step } = control;
    if (step !== null && serving?.control.step === step) {
      const models = registry.modelsOf(functionName);
      if (!(await models.steps()).includes(step)) await models.write(step, serving.files);
    }
    await this.write(control);
  }
}
