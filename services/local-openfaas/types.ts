/** The local platform as its users (`replicant up`, tests, benchmarks) see it. */
import type { EventBus } from "#shared/ports/event-bus.ts";
import type { GatewayProfile } from "#shared/deploy/gateway-profile.ts";
import type { FunctionDeployment } from "./provider/types.ts";

/** What its users choose. */
export interface PlatformOptions {
  /** Where secrets, deployments and logs live. */
  readonly home: string;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Further names by which requests may address the gateway, beside `localhost` and addresses; `*`: any. Default none. */
  readonly gatewayNames?: readonly string[] | undefined;
  /** Where results of asynchronous calls may be posted beside its own functions: `host`, `host:port`, `*`. Default none. */
  readonly callbackHosts?: readonly string[] | undefined;
  /** Gateway metrics ("A"); container metrics ("B") are on the same port under `/containers/metrics`. Default 0. */
  readonly metricsPort?: number;
  /** Only the provider, for a real gateway in front: no page, no queue, no range; everything on one port. Default false. */
  readonly providerOnly?: boolean | undefined;
  /** `open`: 0…N replicas; `ce`: 1…5 replicas, 15 functions, no zero. Default `open`. */
  readonly profile?: GatewayProfile | undefined;
  /** Folder of bundles: `<dist>/<kind>/<name>/handler.js`, and the replica runtime. */
  readonly dist: string;
  /** Restore what was deployed when this home was last used; or only the functions it says. Default true. */
  readonly restore?: boolean | ((functionName: string) => boolean) | undefined;
  /** CFS period for CPU limits, microseconds. Default 50 000. */
  readonly cfsPeriodMicros?: number;
  /** Trace seconds in a real one: an SLO of 3 s is over after 3/k real ones, and there its histogram has an edge. Default 1. */
  readonly timeLapse?: number | undefined;
  /** Where the page under `/ui` receives decisions; without it, the page says that there are none. The caller closes the bus. */
  readonly events?: { readonly bus: EventBus; /** One line for people. */ readonly description: string } | undefined;
  /** The page's files. Default `<dist>/services/local-openfaas/public`. */
  readonly uiFolder?: string | undefined;
}

/** A platform that answers. */
export interface Platform {
  /** `http://127.0.0.1:8080`; with `providerOnly` the provider's, which no function should call. */
  readonly url: string;
  /** Base of `/metrics` and `/containers/metrics`. */
  readonly metricsUrl: string;
  readonly user: string;
  readonly password: string;
  /** How CPU and memory limits are enforced here, one line for people. */
  readonly limits: string;
  /** Says which folder a handler image was built into, as a `docker build` would. */
  registerImage(image: string, folder: string): Promise<void>;
  deploy(deployment: FunctionDeployment): Promise<void>;
  setSecret(name: string, value: string): Promise<void>;
  /** Drains and stops everything; no process is left. */
  close(): Promise<void>;
}
