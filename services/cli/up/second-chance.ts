/** Whoever names a model on the command line wants to see it decide: a verdict of an earlier run is lifted. */
import { systemClock as clock } from "#shared/adapters/system-clock.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { policyReference } from "#shared/policies/reference.ts";
import { signedCall } from "../signed-call.ts";
import type { LocalStack } from "./local-stack.ts";

const TRAINER = "trainer";
/** The trainer takes no order about a function of which it has not heard a window; after so long there is no verdict either. */
const WITHIN_MS = 5_000;

/** Returns what went wrong, a sentence each. A stack without a trainer has no verdicts. */
export async function liftVerdicts(stack: LocalStack, managed: readonly ManagedFunction[]): Promise<string[]> {
  if (!stack.functions.some(({ name }) => name === TRAINER)) return [];
  const models = managed.filter(({ policy }) => policyReference(policy).kind === "model");
  const problems = await Promise.all(models.map(({ functionName }) => lift(stack, functionName)));
  return problems.filter((problem) => problem !== null);
}

async function lift(stack: LocalStack, functionName: string): Promise<string | null> {
  const reason = "its policy was named on the command line";
  const order = { action: "mode", functionName, mode: "auto", reason };
  const deadlineMs = clock.nowMs() + WITHIN_MS;
  for (;;) {
    const { status, body: answer } = await signedCall(stack, TRAINER, order);
    const isUnheard = status === 409;
    if (status === 200 || (isUnheard && clock.nowMs() > deadlineMs)) return null;
    if (!isUnheard) {
      return `whether the model of '${functionName}' may decide is as it was: HTTP ${status} ${answer.slice(0, 200)}`;
    }
    await clock.sleep(100);
  }
}
