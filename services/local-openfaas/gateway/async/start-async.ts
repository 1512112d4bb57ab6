/** The asynchronous half of the gateway: uploads, the queue, its workers and the callbacks, put together. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { GatewayLimits } from "../limits.ts";
import type { CallbackRules } from "./callback-url.ts";
import { deliverer } from "./deliver.ts";
import { enqueue } from "./enqueue.ts";
import { AsyncQueue, type QueuedCall } from "./queue.ts";
import { Uploads } from "./uploads.ts";

/** What the asynchronous half runs with. */
export interface AsyncOptions {
  readonly callbacks: CallbackRules;
  readonly limits: GatewayLimits;
  readonly log: (line: string) => void;
}

/** Takes calls until it is closed, which lets running ones and their callbacks end for a while. */
export interface AsyncCalls {
  take(request: IncomingMessage, response: ServerResponse): void;
  close(graceMs: number): Promise<void>;
}

/** Puts the parts together; nothing runs before the first call. */
export function startAsync({ callbacks, limits, log }: AsyncOptions): AsyncCalls {
  const onError = (call: QueuedCall, error: unknown) =>
    log(`gateway: asynchronous call ${call.callId} of '${call.functionName}': ${String(error)}`);
  const delivery = deliverer({ gateway: callbacks.gateway, limits, onError });
  const queue = new AsyncQueue({ limits, run: (call, signal) => delivery.deliver(call, signal), onError });
  const uploads = new Uploads(limits, () => performance.now());
  return {
    take: (request, response) =>
      void enqueue(request, response, { queue, uploads, callbacks, maxBodyBytes: limits.asyncMaxBodyBytes, log }),
    close: async (graceMs) => {
      const startedAtMs = performance.now();
      const dropped = await queue.close(graceMs);
      if (dropped > 0) log(`gateway: ${dropped} asynchronous calls were still waiting and are dropped`);
      await delivery.close(Math.max(0, graceMs - (performance.now() - startedAtMs)));
    },
  };
}
