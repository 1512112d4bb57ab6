/** Whoever names a model on the command line wants to see it decide: a rollback of an earlier run is reset. */
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { policyReference } from "../../policies/reference.ts";
import type { InvocationAnswer } from "../../ports/function-gateway.ts";
import { signedCall, type SignedCaller } from "../signed-call.ts";
import { waitUntil } from "../../core/wait.ts";

/** The function that rollbacks are reset on. */
export const TRAINER = "trainer";
/** A trainer that starts reads its whole log first; one that waits for the bus answers 503 meanwhile. */
const WITHIN_MS = 30_000;
const PAUSE_MS = 250;
/** What a second try does not change. */
const FINAL = [400, 401, 403, 404, 405];

/** Sends the trainer an order. */
export type TrainerCall = (order: object) => Promise<InvocationAnswer>;

/** Sends signed orders to the trainer. */
export function trainerOf(caller: SignedCaller): TrainerCall {
  return (order) => signedCall(caller, TRAINER, order, PAUSE_MS * 20);
}

/** Tries until the trainer has taken the orders; returns what went wrong, a sentence each. */
export async function resetRollbacks(
  call: TrainerCall,
  managed: readonly ManagedFunction[],
  clock: Clock,
  signal?: AbortSignal,
): Promise<string[]> {
  const models = managed.filter(({ policy }) => policyReference(policy).kind === "model");
  const problems = await Promise.all(models.map(({ functionName }) => reset(call, functionName, clock, signal)));
  return problems.filter((problem) => problem !== null);
}

async function reset(
  call: TrainerCall,
  functionName: string,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const reason = "its policy was named on the command line";
  const order = { action: "mode", functionName, mode: "auto", reason };
  let last: Answered = { isFinal: false, answer: null };
  const isOver = async () => {
    last = await tried(call, order);
    return last.answer === null || last.isFinal || (signal?.aborted ?? false);
  };
  await waitUntil(isOver, { clock, withinMs: WITHIN_MS, everyMs: PAUSE_MS });
  if (last.answer === null) return null;
  return `the model of '${functionName}' may still be rolled back from an earlier run: the trainer ${last.answer}`;
}

interface Answered {
  readonly isFinal: boolean;
  /** What was wrong with it; null: the order was taken. */
  readonly answer: string | null;
}

async function tried(call: TrainerCall, order: object): Promise<Answered> {
  try {
    const { status, body } = await call(order);
    if (status === 200) return { isFinal: true, answer: null };
    return {
      isFinal: FINAL.includes(status),
      answer: `answered HTTP ${status} ${body.trim().slice(0, 200)}`.trimEnd(),
    };
  } catch (thrown) {
    return { isFinal: false, answer: `does not answer: ${messageOf(thrown)}` };
  }
}
