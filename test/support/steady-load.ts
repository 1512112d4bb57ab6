/** A load on a test's stack: so many requests in each window of 30 s of trace time, evenly drawn. */
import assert from "node:assert/strict";

import { signCall } from "#shared/host/signature.ts";
import type { TestStack } from "./local-stack.ts";

/** Resolves with the run's id when the load generator has taken it. */
export async function startSteadyLoad(
  { stack }: TestStack,
  perWindow: readonly number[],
  cpuSeconds = 0.1,
): Promise<string> {
  const work = { meanCpuSeconds: cpuSeconds, cv: 0 };
  const body = JSON.stringify({ trace: perWindow, functionName: "stress", seed: 1, work, sloSeconds: 3 });
  const signature = signCall(stack.key, "load-generator", body, Date.now());
  const { status, body: answer } = await stack.gateway.invoke("load-generator", body, signature);
  assert.equal(status, 202, answer);
  return (JSON.parse(answer) as { runId: string }).runId;
}
