/** What the gateway half of the platform may ask of the provider half, which runs functions as processes. */
import type { WatchdogLimits } from "#shared/deploy/watchdog-settings.ts";
import type { BackOff } from "./back-off.ts";

/** OpenFaaS `FunctionDeployment`, exact keys. */
export interface FunctionDeployment {
  readonly service: string;
  readonly image: string;
  readonly namespace?: string | undefined;
  readonly envProcess?: string | undefined;
  readonly envVars?: Readonly<Record<string, string>> | undefined;
  readonly constraints?: readonly string[] | undefined;
  readonly secrets?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly limits?: { readonly cpu?: string | undefined; readonly memory?: string | undefined } | undefined;
  readonly requests?: { readonly cpu?: string | undefined; readonly memory?: string | undefined } | undefined;
  readonly readOnlyRootFilesystem?: boolean | undefined;
}

/** From its start to its end; only a ready one is given calls. */
export type ReplicaState = "starting" | "ready" | "draining" | "gone";

/** One running copy of a function: a child process that answers HTTP on a loopback port. */
export interface Replica {
  /** `<function>-<5 letters>`: the "pod" of container metrics and the `instance` of logs. */
  readonly id: string;
  readonly functionName: string;
  readonly pid: number;
  readonly state: ReplicaState;
  /** Where it answers; 0 while starting. */
  readonly port: number;
  readonly startedAtMs: number;
  readonly readyAtMs: number | null;
  /** Kept by the gateway's proxy: calls begun and not ended. A draining replica ends when it reaches 0 or its grace is over. */
  inFlight: number;
}

/** A deployed function as it is now. */
export interface FunctionSnapshot {
  readonly deployment: FunctionDeployment;
  readonly createdAtMs: number;
  readonly desiredReplicas: number;
  readonly availableReplicas: number;
  readonly replicas: readonly Replica[];
  /** Consecutive start failures and until when the next start waits; null when all is well. */
  readonly backOff: BackOff | null;
  /** Milli-CPU and bytes, summed over replicas. */
  readonly usage: { readonly cpu: number; readonly totalMemoryBytes: number };
}

/** One line of a function's log, as `faas-cli logs` reads it. */
export interface LogLine {
  readonly name: string;
  readonly namespace: string;
  /** The replica's id. */
  readonly instance: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly text: string;
}

/** Which lines of which function. */
export interface LogQuery {
  readonly name: string;
  readonly instance?: string;
  /** Last so many lines; absent = all that is kept. */
  readonly tail?: number;
  readonly sinceMs?: number;
  readonly follow: boolean;
}

/** The provider: deployed functions and their replicas. Names are without namespace; there is one namespace, `openfaas-fn`. */
export interface Provider {
  list(): readonly FunctionSnapshot[];
  get(functionName: string): FunctionSnapshot | undefined;
  /** Deploys anew. Throws `BadInputError` for an unknown image, bad limits, a missing secret. */
  deploy(deployment: FunctionDeployment): Promise<void>;
  /** Replaces replicas one by one (start new, then drain old); keeps the count unless `com.openfaas.scale.min` is set. */
  update(deployment: FunctionDeployment): Promise<void>;
  remove(functionName: string): Promise<void>;
  /** Sets the desired count and returns at once; replicas follow. */
  scale(functionName: string, replicas: number): void;
  /** Uniformly random among ready replicas, as OpenFaaS routes. Hot path: no allocation but the answer. */
  pickReady(functionName: string): Replica | undefined;
  /** Resolves when at least one replica is ready, or false at the deadline, when the function is gone, or when `left` aborts. */
  whenReady(functionName: string, timeoutMs: number, left?: AbortSignal): Promise<boolean>;
  watchdog(functionName: string): WatchdogLimits;
  /** Ends when the query does not follow, when `signal` aborts, or when the function is removed. */
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Container metrics ("Prometheus B") in the exposition format. */
  containerMetrics(): Promise<string>;
  /** Stops every replica (drain, then kill) and forgets nothing that is stored. */
  close(): Promise<void>;
}
