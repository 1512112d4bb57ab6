/** Keeps one function's replicas as many and as new as they should be. */
import { randomInt } from "node:crypto";
import { afterFailure, HEALTHY_AFTER_MS, type BackOff } from "./back-off.ts";
import type { FunctionSpec } from "./function-spec.ts";
import type { FunctionLog } from "./logs/function-log.ts";
import { planReplicas } from "./plan.ts";
import { ReplicaProcess, type ReplicaEnd, type ReplicaSurroundings } from "./replica-process.ts";
import type { FunctionSnapshot, Replica } from "./types.ts";

/** What a runner begins with. */
export interface FunctionRunnerOptions {
  readonly spec: FunctionSpec;
  readonly createdAtMs: number;
  readonly desiredReplicas: number;
  readonly around: ReplicaSurroundings;
  readonly log: FunctionLog;
  /** In [0, 1): which ready replica takes a call. */
  readonly random: () => number;
}

const ID_LETTERS = "bcdfghjklmnpqrstvwxz"; // no vowels: an id must not spell a word

/** Event driven: every change (a desired count, a state, a crash, the end of a wait) plans anew and acts. */
export class FunctionRunner {
  readonly createdAtMs: number;
  readonly log: FunctionLog;
  readonly #around: ReplicaSurroundings;
  readonly #random: () => number;
  #spec: FunctionSpec;
  #generation = 0;
  #desired: number;
  #replicas: ReplicaProcess[] = [];
  #ready: ReplicaProcess[] = [];
  #backOff: BackOff | null = null;
  #retry: NodeJS.Timeout | undefined;
  #healthy: NodeJS.Timeout | undefined;
  #stopped = false;
  #planning = false;
  #planAgain = false;
  #outOfMemoryKills = 0;
  readonly #waiters = new Set<(ready: boolean) => void>();

  constructor(options: FunctionRunnerOptions) {
    this.createdAtMs = options.createdAtMs;
    this.log = options.log;
    this.#around = options.around;
    this.#random = options.random;
    this.#spec = options.spec;
    this.#desired = options.desiredReplicas;
    this.#reconcile();
  }

  get spec(): FunctionSpec {
    return this.#spec;
  }

  get desiredReplicas(): number {
    return this.#desired;
  }

  get replicas(): readonly ReplicaProcess[] {
    return this.#replicas;
  }

  /** Since the function was deployed. */
  get outOfMemoryKills(): number {
    return this.#outOfMemoryKills;
  }

  /** Replaces every replica by one of the new deployment, one by one. */
  update(spec: FunctionSpec, desiredReplicas: number): void {
    this.#spec = spec;
    this.#generation++;
    this.#desired = desiredReplicas;
    this.#forgetFailures(); // what made the old one crash may well be what was changed
    this.#reconcile();
  }

  scale(replicas: number): void {
    this.#desired = replicas;
    this.#reconcile();
  }

  pickReady(): Replica | undefined {
    return this.#ready[Math.floor(this.#random() * this.#ready.length)];
  }

  whenReady(timeoutMs: number, left?: AbortSignal): Promise<boolean> {
    if (this.#ready.length > 0) return Promise.resolve(true);
    if (this.#stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (ready: boolean) => {
        clearTimeout(timer);
        this.#waiters.delete(settle);
        resolve(ready);
      };
      const timer = setTimeout(() => settle(false), timeoutMs);
      left?.addEventListener("abort", () => settle(false), { once: true });
      this.#waiters.add(settle);
    });
  }

  snapshot(): FunctionSnapshot {
    let cpu = 0;
    let totalMemoryBytes = 0;
    for (const { measured } of this.#replicas) {
      cpu += measured?.milliCpu ?? 0;
      totalMemoryBytes += measured?.memoryBytes ?? 0;
    }
    return {
      deployment: this.#spec.deployment,
      createdAtMs: this.createdAtMs,
      desiredReplicas: this.#desired,
      availableReplicas: this.#ready.length,
      replicas: this.#replicas,
      backOff: this.#allIsWell() ? null : this.#backOff,
      usage: { cpu, totalMemoryBytes },
    };
  }

  /** Drains every replica and resolves when the last is gone. Nothing starts any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#healthy);
    const finished = this.#replicas.map((replica) => replica.finished);
    for (const replica of [...this.#replicas]) replica.drain();
    for (const settle of [...this.#waiters]) settle(false);
    await Promise.all(finished);
  }

  /** Draining a replica is a change itself and calls back here: the plan in hand is finished first, then made anew. */
  #reconcile(): void {
    this.#planAgain = true;
    if (this.#planning) return;
    this.#planning = true;
    while (this.#planAgain && !this.#stopped) {
      this.#planAgain = false;
      this.#act();
    }
    this.#planning = false;
  }

  #act(): void {
    const plan = planReplicas(this.#replicas, this.#desired, this.#generation);
    for (const id of plan.drains) this.#replicas.find((replica) => replica.id === id)?.drain();
    if (plan.starts === 0) return;
    const waitMs = (this.#backOff?.untilMs ?? 0) - this.#around.nowMs();
    if (waitMs > 0) {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#reconcile(), waitMs);
      return;
    }
    for (let started = 0; started < plan.starts; started++) this.#start();
  }

  #start(): void {
    const replica = new ReplicaProcess(this.#newId(), this.#generation, this.#spec, this.#around, this.log, {
      onChange: () => this.#changed(),
      onEnd: (ended, end) => this.#ended(ended, end),
    });
    this.#replicas = [...this.#replicas, replica]; // snapshots keep the list they were given
  }

  #allIsWell(): boolean {
    return this.#ready.length >= this.#desired;
  }

  #changed(): void {
    this.#ready = this.#replicas.filter(({ state }) => state === "ready");
    if (this.#ready.length > 0) {
      for (const settle of [...this.#waiters]) settle(true);
    }
    if (!this.#allIsWell()) {
      clearTimeout(this.#healthy);
      this.#healthy = undefined;
    } else if (this.#backOff && !this.#healthy) {
      this.#healthy = setTimeout(() => this.#forgetFailures(), HEALTHY_AFTER_MS).unref();
    }
    this.#reconcile();
  }

  #ended(replica: ReplicaProcess, end: ReplicaEnd): void {
    this.#outOfMemoryKills += replica.outOfMemoryKills();
    this.#replicas = this.#replicas.filter((other) => other !== replica);
    // A replica of the deployment before says nothing about this one.
    if (end.kind === "crashed" && replica.generation === this.#generation && !this.#stopped) this.#failed(replica, end);
    this.#changed();
  }

  #failed(replica: ReplicaProcess, end: Extract<ReplicaEnd, { kind: "crashed" }>): void {
    const nowMs = this.#around.nowMs();
    const before = this.#backOff;
    this.#backOff = afterFailure(before, end, nowMs);
    const { failures, untilMs } = this.#backOff;
    if (failures === before?.failures || untilMs <= nowMs) return;
    const text = `next start in ${(untilMs - nowMs) / 1_000} s, after ${failures} failure${failures === 1 ? "" : "s"}`;
    void replica.finished.then(() => this.log.note(replica.id, text)); // after the crash itself was logged
  }

  #forgetFailures(): void {
    clearTimeout(this.#healthy);
    clearTimeout(this.#retry);
    this.#healthy = undefined;
    this.#backOff = null;
  }

  #newId(): string {
    for (;;) {
      let letters = "";
      for (let i = 0; i < 5; i++) letters += ID_LETTERS[randomInt(ID_LETTERS.length)];
      const id = `${this.#spec.deployment.service}-${letters}`;
      if (!this.#replicas.some((replica) => replica.id === id)) return id;
    }
  }
}
