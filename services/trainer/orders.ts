/** Signed orders: written to the log before they take effect, so that a restart changes nothing about them. */
import { BadInputError } from "#shared/core/errors.ts";
import type { Mode } from "#shared/core/managed-function.ts";
import { MIN_RECORDED_WINDOWS } from "./judging/judging.ts";
import type { ServingModel } from "./judging/serving-model.ts";
import type { BeginTraining } from "./learning/training.ts";
import type { TrainerMemory } from "./memory/trainer-memory.ts";
import type { Publisher } from "./publishing/publisher.ts";
import type { TrainedFunction } from "./trained-function.ts";

/** Carries out orders. */
export type Orders = ReturnType<typeof createOrders>;

/** What orders act on. */
export interface OrdersDeps {
  readonly memory: TrainerMemory;
  readonly trainedFunction: (functionName: string) => TrainedFunction;
  readonly publisher: Publisher;
  readonly beginTraining: BeginTraining;
}

/** Orders for functions of which no window has arrived yet. */
const MAX_WAITING = 1_000;

/** Orders about the functions in `memory`. */
export function createOrders({ memory, trainedFunction, publisher, beginTraining }: OrdersDeps) {
  async function modelOf(functionName: string): Promise<{ trained: TrainedFunction; serving: ServingModel }> {
    const managed = memory.records.get(functionName)?.managed;
    if (!managed) {
      const names = [...memory.records.keys()].slice(0, 20).join(", ") || "none";
      throw new BadInputError(
        `no windows of a function '${functionName.slice(0, 100)}' have arrived; known are ${names}`,
      );
    }
    const trained = trainedFunction(functionName);
    const serving = await publisher.servingModelOf(trained, managed);
    if (serving !== null) return { trained, serving };
    const isRule = `the policy of '${functionName}' is the rule '${managed.policy}', no model`;
    throw new BadInputError(trained.problem ?? isRule);
  }

  return {
    /** Starts or stops automatic training; judging never stops. */
    setAutomatic: (isAutomatic: boolean) => memory.order({ action: isAutomatic ? "start" : "stop" }),
    /** Resolves when the training has begun. Rejects with `BadInputError` when it cannot. */
    async trainNow(functionName: string): Promise<void> {
      const { trained, serving } = await modelOf(functionName);
      if (!serving.reference.follows) {
        const how = `name it 'model:${serving.reference.text}' to have it trained`;
        throw new BadInputError(`the model of '${functionName}' stays what it is: ${how}`);
      }
      const { training, record, trainingRefusal } = trained;
      if (training !== null) throw new BadInputError(`'${functionName}' is being trained already: ${training}`);
      const { length } = record.windows;
      if (length < MIN_RECORDED_WINDOWS) {
        throw new BadInputError(`${MIN_RECORDED_WINDOWS} windows of '${functionName}' are needed, there are ${length}`);
      }
      if (trainingRefusal !== null) throw new BadInputError(trainingRefusal);
      beginTraining(trained, serving, "by an order without a reason");
    },
    /** Ordering the present mode gives the model a new chance: nothing counted before is held against it. */
    async setMode(functionName: string, mode: Mode, reason: string): Promise<void> {
      // Whoever starts a run orders the mode before its first window.
      if (!memory.records.get(functionName)?.managed) {
        if (memory.orders.size >= MAX_WAITING) throw new BadInputError("too many orders wait for their functions");
        return memory.order({ action: "mode", functionName, mode, reason });
      }
      const { trained } = await modelOf(functionName);
      await trained.inTurn(() => publisher.setMode(trained, mode, reason));
    },
  };
}
