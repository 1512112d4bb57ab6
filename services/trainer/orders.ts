/** Signed orders: kept in the log before they count, so that a restart changes nothing about them. */
import { BadInputError } from "#shared/core/errors.ts";
import type { Mode } from "#shared/core/managed-function.ts";
import type { Log } from "#shared/host/log.ts";
import { inTurn, rangeRefusal, type Careful } from "./careful.ts";
import type { ControlBook } from "./control-book.ts";
import { LEAST_RECORDED } from "./judging.ts";
import type { TrainerMemory } from "./memory.ts";
import type { Standing } from "./standing.ts";
import type { BeginTraining } from "./training.ts";

export interface Orders {
  /** Training by itself; judging never stops. */
  setAutomatic(isAutomatic: boolean): Promise<void>;
  /** Resolves when the training has begun. Rejects with `BadInputError` when it cannot. */
  trainNow(functionName: string): Promise<void>;
  /** A model that is told to do what it may do already gets a new chance: nothing of before counts against it. */
  setMode(functionName: string, mode: Mode, reason: string): Promise<void>;
}

export interface OrdersDeps {
  readonly memory: TrainerMemory;
  readonly careOf: (functionName: string) => Careful;
  readonly book: ControlBook;
  readonly begin: BeginTraining;
  readonly say: Log;
}

/** Orders about functions of which nothing was heard yet. */
const MOST_WAITING = 1_000;

export function createOrders({ memory, careOf, book, begin, say }: OrdersDeps): Orders {
  async function modelOf(functionName: string): Promise<{ one: Careful; standing: Standing }> {
    const managed = memory.records.get(functionName)?.managed;
    if (!managed) {
      const names = [...memory.records.keys()].slice(0, 20).join(", ") || "none";
      throw new BadInputError(
        `no windows of a function '${functionName.slice(0, 100)}' have arrived; known are ${names}`,
      );
    }
    const one = careOf(functionName);
    const standing = await book.standingFor(one, managed);
    if (standing !== null) return { one, standing };
    throw new BadInputError(one.problem ?? `the policy of '${functionName}' is the rule '${managed.policy}', no model`);
  }

  return {
    setAutomatic: (isAutomatic) => memory.order({ action: isAutomatic ? "start" : "stop" }),
    async trainNow(functionName) {
      const { one, standing } = await modelOf(functionName);
      if (!standing.reference.follows) {
        const how = `name it 'model:${standing.reference.text}' to have it trained`;
        throw new BadInputError(`the model of '${functionName}' stays what it is: ${how}`);
      }
      if (one.training !== null) throw new BadInputError(`'${functionName}' is being trained already: ${one.training}`);
      const { length } = one.record.windows;
      if (length < LEAST_RECORDED) {
        throw new BadInputError(`${LEAST_RECORDED} windows of '${functionName}' are needed, there are ${length}`);
      }
      const refusal = rangeRefusal(one.record);
      if (refusal !== null) throw new BadInputError(refusal);
      begin(one, standing, "by an order without a reason");
    },
    async setMode(functionName, mode, reason) {
      // Whoever starts a run says so before its first window.
      if (!memory.records.get(functionName)?.managed) {
        if (memory.orders.size >= MOST_WAITING) throw new BadInputError("too many orders wait for their functions");
        return memory.order({ action: "mode", functionName, mode, reason });
      }
      const { one } = await modelOf(functionName);
      await inTurn(one, say, () => book.setMode(one, mode, reason));
    },
  };
}
