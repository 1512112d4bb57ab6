/** The order as a call: POST, signed, `{"action":"freeze"|"thaw","functionName":NAME|null,"by":WHO}`. */
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { spoken } from "#shared/core/spoken.ts";
import { parseJson } from "#shared/core/checked.ts";
import { failed, textOf, type Answer, type FunctionEvent } from "#shared/host/handler.ts";
import type { Verdict } from "#shared/host/signature.ts";
import type { FreezeKeeper } from "./keeper.ts";
import type { Order } from "./orders.ts";

/** What the answer to an order needs. */
export interface FreezeCallDeps {
  readonly keeper: FreezeKeeper;
  readonly mayChange: (event: FunctionEvent) => Promise<Verdict>;
  /** Null while it is not known what is managed. */
  readonly isManaged: (functionName: string) => boolean | null;
  /** Resolves when no scaling that was begun before is under way any more. */
  readonly settled: () => Promise<void>;
  readonly now: () => Date;
}

/** 200 when it is in force and kept; 401 unsigned, 400 and 404 for what it cannot mean, 503 when it could not be kept. */
export async function answerFreeze(event: FunctionEvent, deps: FreezeCallDeps): Promise<Answer> {
  const verdict = await deps.mayChange(event);
  if (!verdict.ok) return failed(401, verdict.because);
  let order: Order;
  try {
    order = readOrder(textOf(event.body), deps.now());
  } catch (thrown) {
    return failed(400, messageOf(thrown));
  }
  const { action, functionName } = order;
  // A name that was mistyped must not look like a brake; and what was frozen before it went may be thawed.
  if (action === "freeze" && functionName !== null && deps.isManaged(functionName) === false) {
    return failed(404, `no function '${functionName}' is managed`);
  }
  const { kept, problems } = await deps.keeper.order(order);
  await deps.settled();
  const { frozen } = deps.keeper.status();
  return { status: kept.length > 0 ? 200 : 503, body: { frozen, kept, problems } };
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Throws `BadInputError`. */
function readOrder(text: string, now: Date): Order {
  const given = parseJson(text, "the body is not JSON") ?? {};
  const { action, functionName = null, by } = given as Record<string, unknown>;
  if (action !== "freeze" && action !== "thaw") {
    throw new BadInputError(`action must be freeze or thaw, was: '${spoken(action, 60)}'`);
  }
  if (functionName !== null && !(typeof functionName === "string" && NAME.test(functionName))) {
    throw new BadInputError(`functionName must be a function's name or null, was: '${spoken(functionName, 60)}'`);
  }
  const who = typeof by === "string" ? by.replaceAll(/[^\w .@-]/g, "").slice(0, 60) : "";
  return { action, functionName, freeze: { by: who || "someone", since: now.toISOString().slice(0, 19) + "Z" } };
}
