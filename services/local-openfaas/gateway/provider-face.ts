/** The platform as a provider: what serves behind a real OpenFaaS gateway instead of our own. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { providerApp } from "./control/app.ts";
import { door } from "./door.ts";
import type { Gateway, GatewayOptions } from "./gateway.ts";
import { clientClosedStatus } from "./invocation/call.ts";
import { Invoker } from "./invocation/invoker.ts";
import { Room } from "./invocation/room.ts";
import { defaultLimits } from "./limits.ts";
import { Meters } from "./metrics/meter.ts";
import { RequestTally } from "./metrics/requests.ts";
import { metricsHandler } from "./metrics/server.ts";
import { functionPrefix } from "./names.ts";
import { rulesOf } from "#shared/deploy/gateway-profile.ts";
import { Refusal } from "./refusal.ts";

/** Of what a gateway runs with, what a provider needs as well. */
export interface ProviderFaceOptions extends Pick<
  GatewayOptions,
  "listener" | "provider" | "secrets" | "credentials" | "names" | "log"
> {
  /** A call as a whole, whatever the function allows itself. Default 60 s. */
  readonly upstreamTimeoutMs?: number | undefined;
}

/**
 * Everything on one port, metrics included, as OpenFaaS's providers do. Replica counts are taken as they come: the range is
 * the gateway's affair, and so are waiting for a replica, counting invocations, queues and alerts.
 */
export function startProviderFace(options: ProviderFaceOptions): Gateway {
  const { listener, provider, secrets, credentials, names = [], log } = options;
  const rules = rulesOf("open");
  const closing = new AbortController();
  const desired = (replicas: number) => {
    if (replicas <= rules.maxReplicas) return replicas;
    throw new Refusal(
      400,
      `replicas must be at most ${rules.maxReplicas}, as each is a process here, was: ${replicas}`,
    );
  };
  const control = providerApp(
    {
      ...{ provider, secrets, meters: null, rules, desired, closing: closing.signal, log },
      ...{ names, logStallMs: defaultLimits.logStallMs },
    },
    credentials,
  ) as unknown as RequestListener;
  const invoker = new Invoker({
    ...{ provider, rules, log },
    meters: new Meters(),
    holdMs: 0,
    upstreamTimeoutMs: options.upstreamTimeoutMs ?? defaultLimits.upstreamTimeoutMs,
    room: new Room(defaultLimits),
    behindGateway: true,
  });
  const requests = new RequestTally();
  const metrics = metricsHandler(requests.registry(), provider, log);

  const mayEnter = door(names);

  listener.serve((request: IncomingMessage, response: ServerResponse) => {
    if (!mayEnter(request, response)) return;
    const url = request.url!;
    const startedAtMs = performance.now();
    response.once("close", () =>
      requests.add(request.method!, url, statusOf(response), (performance.now() - startedAtMs) / 1_000),
    );
    if (url.startsWith(functionPrefix)) invoker.invoke(request, response);
    else if (/^\/(containers\/)?metrics(\?|$)/.test(url)) void metrics(request, response);
    else control(request, response);
  });

  return {
    async close(graceMs) {
      closing.abort();
      await listener.close(graceMs);
      invoker.close();
    },
  };
}

function statusOf(response: ServerResponse): number {
  return response.headersSent ? response.statusCode : clientClosedStatus;
}
