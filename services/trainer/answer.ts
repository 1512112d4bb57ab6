/** The trainer's HTTP interface: GET status or `?history[=function]`; a signed POST is an order. */
import { StorageError } from "#shared/adapters/files/storage-error.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { MODES } from "#shared/core/managed-function.ts";
import { spoken } from "#shared/core/spoken.ts";
import { parseJson } from "#shared/core/checked.ts";
import { failed, textOf, type Answer, type FunctionEvent } from "#shared/host/handler.ts";
import type { Verdict } from "#shared/host/signature.ts";
import type { Trainer } from "./trainer.ts";

/** What the answers need: the trainer, its status and the check of signatures. */
export interface AnswerDeps {
  readonly trainer: Trainer;
  readonly status: () => object;
  readonly mayChange: (event: FunctionEvent) => Promise<Verdict>;
}

const ACTIONS = ["start", "stop", "train-now", "mode"] as const;

/** 200 or 202; 400 for a body that cannot be read, 401 unsigned, 409 for what cannot be done now, 503 when the log is unwritable. */
export async function answerTrainer(event: FunctionEvent, { trainer, status, mayChange }: AnswerDeps): Promise<Answer> {
  if (event.method === "GET" || event.method === "HEAD") {
    const asked = event.query["history"];
    if (typeof asked !== "string") return { status: 200, body: status() };
    return { status: 200, body: { history: trainer.history(asked === "" ? null : asked) } };
  }
  if (event.method !== "POST") return failed(405, "the method must be GET or POST");
  const verdict = await mayChange(event);
  if (!verdict.ok) return failed(401, verdict.because);

  let order: Order;
  try {
    order = readOrder(textOf(event.body));
  } catch (thrown) {
    return failed(400, messageOf(thrown));
  }
  try {
    return await carryOut(order, trainer);
  } catch (thrown) {
    if (thrown instanceof BadInputError) return failed(409, thrown.message);
    // What cannot be logged is not done; the caller may try again.
    if (thrown instanceof StorageError) return failed(503, thrown.message);
    throw thrown;
  }
}

interface Order {
  readonly action: (typeof ACTIONS)[number];
  readonly functionName: string;
  readonly mode: (typeof MODES)[number] | null;
  readonly reason: string;
}

async function carryOut({ action, functionName, mode, reason }: Order, trainer: Trainer): Promise<Answer> {
  switch (action) {
    case "start":
    case "stop":
      await trainer.setAutomatic(action === "start");
      return { status: 200, body: { training: action === "start" ? "by itself" : "on request" } };
    case "train-now":
      await trainer.trainNow(functionName);
      return { status: 202, body: { training: functionName } };
    case "mode":
      await trainer.setMode(functionName, mode!, reason);
      return { status: 200, body: { functionName, mode } };
  }
}

/** Throws `BadInputError`. */
function readOrder(text: string): Order {
  const given = parseJson(text, "the body is not JSON") as Record<string, unknown>;
  const oneOf = <T extends string>(field: string, known: readonly T[]): T => {
    const found = known.find((one) => one === given?.[field]);
    if (found !== undefined) return found;
    throw new BadInputError(`${field} must be one of ${known.join(", ")}, was: '${spoken(given?.[field], 60)}'`);
  };
  const action = oneOf("action", ACTIONS);
  const needsFunction = action === "train-now" || action === "mode";
  const functionName = given["functionName"];
  if (needsFunction && typeof functionName !== "string") {
    throw new BadInputError(`functionName must be a text, was: '${spoken(functionName, 60)}'`);
  }
  const why = given["reason"];
  return {
    action,
    functionName: needsFunction ? String(functionName) : "",
    mode: action === "mode" ? oneOf("mode", MODES) : null,
    reason: typeof why === "string" && why !== "" ? why.slice(0, 500) : "by an order without a reason",
  };
}
