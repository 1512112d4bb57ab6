/** A platform on this machine as live code needs it. What starts one is passed in: nothing here knows the inside of a platform. */
import type { BusCredentials } from "../adapters/nats/credentials.ts";
import type { Clock } from "../core/clock.ts";
import type { TraceTime } from "../core/trace-time.ts";
import type { StackFunction } from "../deploy/stack.ts";
import type { BusAccount } from "../events/bus-logins.ts";
import type { FunctionGateway } from "../ports/function-gateway.ts";
import type { LiveRunOptions } from "./run/options.ts";

/** A running platform's addresses and login. */
export interface StartedPlatform {
  /** The gateway, `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Base of `/metrics` and `/containers/metrics`. */
  readonly metricsUrl: string;
  readonly user: string;
  readonly password: string;
  /** How CPU and memory limits are enforced here, one line for people. */
  readonly limits: string;
}

/** Bus, gateway and every function of a stack file, deployed and ready. */
export interface RunningStack {
  readonly platform: StartedPlatform;
  /** `describe`: one line for people. */
  readonly bus: { describe(): string };
  readonly busAccess: { as(account: BusAccount): BusCredentials & { readonly servers: readonly string[] } };
  readonly gateway: FunctionGateway;
  /** Signs invocations that change something. */
  readonly key: string;
  /** What stack.yml asks of its surroundings; no secrets. */
  readonly variables: Readonly<Record<string, string>>;
  readonly functions: readonly StackFunction[];
  close(): Promise<void>;
}

/** What is deployed, and on what platform. */
export interface StackOptions extends TraceTime, Pick<LiveRunOptions, "stack" | "port" | "profile"> {
  /** `REPLICANT_POLICY` of the stack file; null: its own. */
  readonly policy: string | null;
  /** Where secrets, deployments and logs are kept. */
  readonly home: string;
  /** The folder of the bundles. */
  readonly dist: string;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Rejects with `BadInputError` for input that cannot be used; nothing is left running then. */
export type StartStack = (options: StackOptions) => Promise<RunningStack>;

/** A gateway with nothing deployed. */
export interface EmptyPlatform extends StartedPlatform {
  /** Period of CPU quotas, seconds. */
  readonly cfsPeriodSeconds: number;
  /** Makes known which folder a handler image was built into. */
  registerImage(image: string, folder: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a gateway on a free port, without a bus. */
export type StartEmptyPlatform = (options: {
  readonly home: string;
  readonly dist: string;
  readonly timeLapse: number;
  readonly log: (line: string) => void;
}) => Promise<EmptyPlatform>;
