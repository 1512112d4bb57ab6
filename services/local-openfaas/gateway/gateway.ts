/** The gateway half of the platform: OpenFaaS's HTTP interface in front of a provider. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Router } from "express";
import type { SecretStore } from "../provider/secrets.ts";
import type { Provider } from "../provider/types.ts";
import { type GatewayProfile, rulesOf } from "#shared/deploy/gateway-profile.ts";
import { startAsync } from "./async/start-async.ts";
import type { Credentials } from "./auth.ts";
import { controlApp } from "./control/app.ts";
import { door } from "./door.ts";
import { Invoker } from "./invocation/invoker.ts";
import { Room } from "./invocation/room.ts";
import { defaultLimits, type GatewayLimits } from "./limits.ts";
import type { Listener } from "./listener.ts";
import { gatewayRegistry } from "./metrics/exposition.ts";
import { Meters } from "./metrics/meter.ts";
import { metricsHandler } from "./metrics/server.ts";
import { sloEdgeOf } from "./metrics/slo-edge.ts";
import { asyncPrefix, functionPrefix } from "./names.ts";
import { clampReplicas } from "./profile.ts";

/** What a page under `/ui` may look at; everything else it does over `/system` like any client. */
export interface UiContext {
  readonly provider: Provider;
  readonly meters: Meters;
  readonly profile: GatewayProfile;
  /** Aborts when the gateway closes. */
  readonly closing: AbortSignal;
}

/** What a gateway runs with. */
export interface GatewayOptions {
  readonly listener: Listener;
  readonly metricsListener: Listener;
  readonly provider: Provider;
  readonly secrets: SecretStore;
  readonly credentials: Credentials;
  readonly profile: GatewayProfile;
  readonly limits?: Partial<GatewayLimits>;
  /** Trace seconds in a real one; SLOs are given in the former. Default 1. */
  readonly timeLapse?: number | undefined;
  /** By which requests may address it beside `localhost` and addresses; `*`: any. */
  readonly names?: readonly string[] | undefined;
  /** Where results of asynchronous calls may be posted beside its own functions: `host`, `host:port`, or `*`. */
  readonly callbackHosts?: readonly string[] | undefined;
  /** Mounted at `/ui`, behind the same credentials. */
  readonly mountUi?: ((context: UiContext) => Router) | undefined;
  readonly log: (line: string) => void;
}

/** A gateway that answers. */
export interface Gateway {
  /** Lets calls end for `graceMs`, then cuts them; the listeners are closed. */
  close(graceMs: number): Promise<void>;
}

/** Answers on both listeners from now on. */
export function startGateway(options: GatewayOptions): Gateway {
  const { listener, metricsListener, provider, secrets, credentials, profile, mountUi, log } = options;
  const { names = [], callbackHosts = [] } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const meters = new Meters(sloEdgeOf(provider, options.timeLapse ?? 1));
  const rules = rulesOf(profile);
  const closing = new AbortController();
  const control = controlApp(
    {
      ...{ provider, secrets, meters, rules, log, names },
      desired: (replicas) => clampReplicas(replicas, rules),
      closing: closing.signal,
      logStallMs: limits.logStallMs,
    },
    credentials,
    mountUi?.({ provider, meters, profile, closing: closing.signal }),
  ) as unknown as RequestListener;
  const invoker = new Invoker({ ...{ provider, meters, rules, log }, ...limits, room: new Room(limits) });
  const async = startAsync({ callbacks: { gateway: new URL(listener.url), hosts: callbackHosts }, limits, log });
  const mayEnter = door(names);

  // Invocations come first and never see express: they are nearly all of the traffic.
  listener.serve((request: IncomingMessage, response: ServerResponse) => {
    if (!mayEnter(request, response)) return;
    const url = request.url!;
    if (url.startsWith(functionPrefix)) invoker.invoke(request, response);
    else if (url.startsWith(asyncPrefix)) async.take(request, response);
    else control(request, response);
  });
  const metrics = metricsHandler(gatewayRegistry(meters, provider), provider, log);
  metricsListener.serve((request, response) => {
    if (mayEnter(request, response)) void metrics(request, response);
  });

  return {
    async close(graceMs) {
      await async.close(graceMs);
      closing.abort();
      await Promise.all([listener.close(graceMs), metricsListener.close(graceMs)]);
      invoker.close();
    },
  };
}
