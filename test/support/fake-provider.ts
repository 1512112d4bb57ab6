/** A provider in memory whose replicas are HTTP listeners of this process: behaviour and a memory, and no child processes. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { WatchdogLimits } from "#shared/deploy/watchdog-settings.ts";
import type {
  FunctionDeployment,
  FunctionSnapshot,
  LogLine,
  LogQuery,
  Provider,
  Replica,
} from "#services/local-openfaas/provider/types.ts";
import { eventually } from "./eventually.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface FakeReplica extends Mutable<Replica> {
  server?: Server;
}

interface FakeFunction {
  deployment: FunctionDeployment;
  desired: number;
  readonly replicas: FakeReplica[];
}

export interface FakeProviderOptions {
  /** What a function's replicas answer; default: 200 `ok`. */
  readonly handlers?: Readonly<Record<string, RequestListener>>;
  /** Replicas become ready only when `release` is called. */
  readonly held?: boolean;
  /** Turns of the event loop before a deployment shows, as the real one looks for its image first. Default 0. */
  readonly deployTurns?: number;
}

export class FakeProvider implements Provider {
  /** Every change that was asked for, in order: `deploy a`, `scale a 3`, … */
  readonly calls: string[] = [];
  readonly lines: LogLine[] = [];
  readonly limits: Record<string, Partial<WatchdogLimits>> = {};
  /** Log queries that have not ended. */
  followers = 0;
  /** Calls that wait for a replica. */
  waiting = 0;
  readonly #functions = new Map<string, FakeFunction>();
  readonly #options: FakeProviderOptions;
  #held: boolean;
  #picks = 0;
  #serial = 0;

  constructor(options: FakeProviderOptions = {}) {
    this.#options = options;
    this.#held = options.held ?? false;
  }

  list(): readonly FunctionSnapshot[] {
    return [...this.#functions.values()].map(snapshotOf);
  }

  get(functionName: string): FunctionSnapshot | undefined {
    const fake = this.#functions.get(functionName);
    return fake && snapshotOf(fake);
  }

  async deploy(deployment: FunctionDeployment): Promise<void> {
    for (let turn = 0; turn < (this.#options.deployTurns ?? 0); turn++) await setImmediate();
    this.calls.push(`deploy ${deployment.service}`);
    this.#functions.set(deployment.service, { deployment, desired: 0, replicas: [] });
    this.#setDesired(deployment.service, Number(deployment.labels?.["com.openfaas.scale.min"] ?? 1));
    await this.settled(deployment.service);
  }

  async update(deployment: FunctionDeployment): Promise<void> {
    this.calls.push(`update ${deployment.service}`);
    this.#functions.get(deployment.service)!.deployment = deployment;
  }

  async remove(functionName: string): Promise<void> {
    this.calls.push(`remove ${functionName}`);
    this.#setDesired(functionName, 0);
    this.#functions.delete(functionName);
  }

  scale(functionName: string, replicas: number): void {
    this.calls.push(`scale ${functionName} ${replicas}`);
    this.#setDesired(functionName, replicas);
  }

  /** Round robin instead of random: a test knows whom it meets. */
  pickReady(functionName: string): Replica | undefined {
    const ready = this.#functions.get(functionName)?.replicas.filter(({ state }) => state === "ready") ?? [];
    return ready[this.#picks++ % ready.length];
  }

  async whenReady(functionName: string, timeoutMs: number, left?: AbortSignal): Promise<boolean> {
    const what = `a replica of ${functionName}`;
    const gone = () => !this.#functions.has(functionName);
    const ready = () => this.#functions.get(functionName)?.replicas.some(({ state }) => state === "ready");
    this.waiting++;
    const seen = await eventually(() => gone() || left?.aborted || ready(), { timeoutMs, what, everyMs: 5 }).catch(
      () => false,
    );
    this.waiting--;
    return Boolean(seen) && !gone() && !left?.aborted;
  }

  watchdog(functionName: string): WatchdogLimits {
    return { maxInflight: 0, execTimeoutMs: 10_000, ...this.limits[functionName] };
  }

  async *logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine> {
    this.calls.push(`logs ${JSON.stringify(query)}`);
    let next = query.tail === undefined ? 0 : Math.max(0, this.lines.length - query.tail);
    this.followers++;
    try {
      for (;;) {
        while (next < this.lines.length) yield this.lines[next++]!;
        if (!query.follow || signal.aborted) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      this.followers--;
    }
  }

  async containerMetrics(): Promise<string> {
    return "# HELP container_cpu_usage_seconds_total x\n";
  }

  async close(): Promise<void> {
    for (const name of this.#functions.keys()) this.#setDesired(name, 0);
  }

  /** Lets held replicas become ready. */
  release(): void {
    this.#held = false;
    for (const { replicas } of this.#functions.values()) for (const each of replicas) this.#listen(each);
  }

  /** The listener dies and the provider has not noticed yet: connections are refused. */
  async crash(replica: Replica): Promise<void> {
    const { server } = replica as FakeReplica;
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  }

  async settled(functionName: string): Promise<void> {
    if (this.#held) return;
    await eventually(() => this.get(functionName)?.replicas.every(({ state }) => state === "ready"), {
      what: "replicas",
    });
  }

  #setDesired(functionName: string, replicas: number): void {
    const fake = this.#functions.get(functionName);
    if (!fake) return;
    fake.desired = replicas;
    while (fake.replicas.length > replicas) {
      const gone = fake.replicas.pop()!;
      gone.state = "gone";
      gone.server?.close();
      gone.server?.closeAllConnections();
    }
    while (fake.replicas.length < replicas) {
      const replica: FakeReplica = {
        id: `${functionName}-${String(this.#serial++).padStart(5, "0")}`,
        functionName,
        pid: process.pid,
        state: "starting",
        port: 0,
        startedAtMs: Date.now(),
        readyAtMs: null,
        inFlight: 0,
      };
      fake.replicas.push(replica);
      if (!this.#held) this.#listen(replica);
    }
  }

  #listen(replica: FakeReplica): void {
    const server = createServer(
      this.#options.handlers?.[replica.functionName] ?? ((_, response) => response.end("ok")),
    );
    server.keepAliveTimeout = 0;
    replica.server = server;
    server.listen(0, "127.0.0.1", () => {
      replica.port = (server.address() as AddressInfo).port;
      if (replica.state === "starting") replica.state = "ready";
      else server.close();
    });
  }
}

function snapshotOf({ deployment, desired, replicas }: FakeFunction): FunctionSnapshot {
  return {
    deployment,
    createdAtMs: Date.UTC(2026, 0, 2),
    desiredReplicas: desired,
    availableReplicas: replicas.filter(({ state }) => state === "ready").length,
    replicas,
    backOff: null,
    usage: { cpu: 12.5, totalMemoryBytes: 1_000_000 },
  };
}
