/** The gateway half of the platform: OpenFaaS's HTTP interface in front of a provider. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Router } from "express";
import type { SecretStore } from "../provider/secrets.ts";
import type { Provider } from "../provider/types.ts";
import type { Profile } from "../types.ts";
import { deliverer } from "./async/deliver.ts";
import { asyncPrefix, enqueue } from "./async/enqueue.ts";
import { AsyncQueue } from "./async/queue.ts";
import type { Credentials } from "./auth.ts";
import { controlApp } from "./control/app.ts";
import { holdMs } from "./invocation/hold.ts";
import { functionPrefix, Invoker } from "./invocation/invoker.ts";
import type { Listener } from "./listener.ts";
import { gatewayRegistry } from "./metrics/exposition.ts";
import { Meters } from "./metrics/meter.ts";
import { metricsHandler } from "./metrics/server.ts";
import { clampReplicas, rulesOf } from "./profile.ts";

export interface GatewayLimits {
  /** A call as a whole, whatever the function allows itself. Default 60 s. */
  readonly upstreamTimeoutMs: number;
  /** How long an invocation waits for a ready replica. Default 100 s. */
  readonly holdMs: number;
  /** Asynchronous calls that run at the same time. Default 4. */
  readonly asyncWorkers: number;
  /** Asynchronous calls that wait or run. Default 1000. */
  readonly asyncMaxCalls: number;
  /** Their bodies together. Default 64 MB. */
  readonly asyncMaxBytes: number;
  /** One of their bodies. Default 8 MB. */
  readonly asyncMaxBodyBytes: number;
  readonly callbackTimeoutMs: number;
}

export const defaultLimits: GatewayLimits = {
  upstreamTimeoutMs: 60_000,
  holdMs,
  asyncWorkers: 4,
  asyncMaxCalls: 1_000,
  asyncMaxBytes: 64 * 1024 * 1024,
  asyncMaxBodyBytes: 8 * 1024 * 1024,
  callbackTimeoutMs: 60_000,
};

/** What a page under `/ui` may look at; everything else it does over `/system` like any client. */
export interface UiContext {
  readonly provider: Provider;
  readonly meters: Meters;
  readonly profile: Profile;
  /** Aborts when the gateway closes. */
  readonly closing: AbortSignal;
}

export interface GatewayOptions {
  readonly listener: Listener;
  readonly metricsListener: Listener;
  readonly provider: Provider;
  readonly secrets: SecretStore;
  readonly credentials: Credentials;
  readonly profile: Profile;
  readonly limits?: Partial<GatewayLimits>;
  /** Mounted at `/ui`, behind the same credentials. */
  readonly mountUi?: ((context: UiContext) => Router) | undefined;
  readonly log: (line: string) => void;
}

export interface Gateway {
  /** Lets calls end for `graceMs`, then cuts them; the listeners are closed. */
  close(graceMs: number): Promise<void>;
}

export function startGateway(options: GatewayOptions): Gateway {
  const { listener, metricsListener, provider, secrets, credentials, profile, mountUi, log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const meters = new Meters();
  const rules = rulesOf(profile);
  const closing = new AbortController();
  const control = controlApp(
    {
      ...{ provider, secrets, meters, rules, log },
      desired: (replicas) => clampReplicas(replicas, rules),
      closing: closing.signal,
    },
    credentials,
    mountUi?.({ provider, meters, profile, closing: closing.signal }),
  ) as unknown as RequestListener;
  const invoker = new Invoker({
    provider,
    meters,
    rules,
    holdMs: limits.holdMs,
    upstreamTimeoutMs: limits.upstreamTimeoutMs,
    log,
  });
  const delivery = deliverer({ gateway: new URL(listener.url), callbackTimeoutMs: limits.callbackTimeoutMs });
  const queue = new AsyncQueue({
    maxCalls: limits.asyncMaxCalls,
    maxBytes: limits.asyncMaxBytes,
    workers: limits.asyncWorkers,
    run: (call, signal) => delivery.deliver(call, signal),
    onError: (call, error) =>
      log(`gateway: asynchronous call ${call.callId} of '${call.functionName}': ${String(error)}`),
  });

  // Invocations come first and never see express: they are nearly all of the traffic.
  listener.serve((request: IncomingMessage, response: ServerResponse) => {
    const url = request.url!;
    if (url.startsWith(functionPrefix)) invoker.invoke(request, response);
    else if (url.startsWith(asyncPrefix)) {
      void enqueue(request, response, { queue, maxBodyBytes: limits.asyncMaxBodyBytes, log });
    } else control(request, response);
  });
  const metrics = metricsHandler(gatewayRegistry(meters, provider), provider, log);
  metricsListener.serve((request, response) => void metrics(request, response));

  return {
    async close(graceMs) {
      const dropped = await queue.close(graceMs);
      if (dropped > 0) log(`gateway: ${dropped} asynchronous calls were still waiting and are dropped`);
      closing.abort();
      await Promise.all([listener.close(graceMs), metricsListener.close(graceMs)]);
      delivery.close();
      invoker.close();
    },
  };
}
