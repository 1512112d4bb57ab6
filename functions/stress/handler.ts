/** The function that is scaled: burns a given CPU time, waits, holds memory, answers with a given status and size. */
import { setTimeout as sleep } from "node:timers/promises";

import { BadInputError } from "#shared/core/errors.ts";
import { leaveInOrder } from "#shared/host/leaving.ts";
import { type Answer, failed, type FunctionEvent, jsonHandler, textOf } from "#shared/host/handler.ts";
import { burnCpu } from "./burn.ts";
import { readStressRequest, type StressRequest } from "./request.ts";

const handler = jsonHandler(answerStress);
export default handler;

leaveInOrder({ windDown: async () => {}, close: async () => {} }, process.env);
warmUp();

/** What is compiled before the first call is not part of its work. */
function warmUp(): void {
  const context = { status: () => context, headers: () => context };
  void handler({ body: '{"cpuMs": 1}', headers: {}, method: "POST", query: {}, path: "/" }, context);
}

async function answerStress(event: FunctionEvent): Promise<Answer> {
  let request: StressRequest;
  try {
    request = readStressRequest(textOf(event.body), event.query);
  } catch (thrown) {
    if (thrown instanceof BadInputError) return failed(400, thrown.message);
    throw thrown;
  }
  const startMs = performance.now();
  // Filled, not only reserved: pages that were never written are not resident.
  const held = Buffer.alloc(Math.round(request.allocateMb * 2 ** 20), 1);
  if (request.sleepMs > 0) await sleep(request.sleepMs);
  const cpuMs = await burnCpu(request.cpuMs);
  const wallMs = performance.now() - startMs;
  const body = { cpuMs: round(cpuMs), wallMs: round(wallMs), pid: process.pid, heldBytes: held.length };
  return { status: request.status, body: padded(body, request.bytes) };
}

/** With as much padding as makes the JSON `bytes` long; an answer that is longer anyhow stays as it is. */
function padded(body: object, bytes: number): object {
  const missing = bytes - JSON.stringify({ ...body, padding: "" }).length;
  return missing < 0 ? body : { ...body, padding: "x".repeat(missing) };
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
