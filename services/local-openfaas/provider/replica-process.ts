/** One replica: a child process from its start to the removal of its last trace. */
import { spawn, type ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#shared/core/errors.ts";
import { runtimeMessage } from "../runtime/messages.ts";
import { replicaEnvironment } from "./environment.ts";
import type { FunctionSpec } from "./function-spec.ts";
import type { Guardian } from "./guardian.ts";
import { HealthCheck } from "./health-check.ts";
import { isStopped } from "./limits/process-stats.ts";
import type { Enclosure, Limiter, Usage } from "./limits/types.ts";
import { after, frozenBecause, WELL, type Vitals } from "./liveness.ts";
import type { FunctionLog } from "./logs/function-log.ts";
import { LineSplitter } from "./logs/line-splitter.ts";
import { signalGroup } from "./processes.ts";
import { mountSecrets, type SecretStore } from "./secrets.ts";
import type { StartGate } from "./start-gate.ts";
import type { Replica, ReplicaState } from "./types.ts";

/** What replicas share. */
export interface ReplicaSurroundings {
  readonly runtimePath: string;
  /** Each replica has a folder of its own in here. */
  readonly runFolder: string;
  readonly startTimeoutMs: number;
  /** The CPU limit holds from the first instruction, not only once the replica is ready. */
  readonly throttleStart: boolean;
  readonly gate: StartGate;
  readonly guardian: Guardian;
  readonly limiter: Limiter;
  readonly secrets: SecretStore;
  readonly nowMs: () => number;
}

/** How a replica came to its end; `error` is one sentence for people. */
export type ReplicaEnd =
  | { readonly kind: "stopped" }
  | { readonly kind: "crashed"; readonly wasReady: boolean; readonly error: string; readonly outOfMemory: boolean };

/** Who is notified. */
export interface ReplicaEvents {
  /** Its state has changed to ready or draining. */
  onChange(): void;
  /** Its process is gone. */
  onEnd(replica: ReplicaProcess, end: ReplicaEnd): void;
}

/** A usage, and how fast it grew. */
export interface MeasuredUsage extends Usage {
  readonly atMs: number;
  /** Over the time since the measurement before; 0 at the first. */
  readonly milliCpu: number;
}

/** After SIGTERM a replica has what is left of its grace, and never less than this. */
const MIN_SHUTDOWN_MS = 2_000;
/** A grandchild that left the group can hold the output open; nobody waits longer for it. */
const OUTPUT_TIMEOUT_MS = 1_000;

/** Starts when it is made. */
export class ReplicaProcess implements Replica {
  readonly id: string;
  readonly functionName: string;
  readonly generation: number;
  readonly spec: FunctionSpec;
  readonly startedAtMs: number;
  pid = 0;
  state: ReplicaState = "starting";
  port = 0;
  readyAtMs: number | null = null;
  /** The last measurement. */
  measured: MeasuredUsage | null = null;
  /** Resolves when the process, its limits and its folder are gone. */
  readonly finished: Promise<void>;

  readonly #around: ReplicaSurroundings;
  readonly #log: FunctionLog;
  readonly #events: ReplicaEvents;
  #inFlight = 0;
  #child: ChildProcess | undefined;
  #enclosure: Enclosure | undefined;
  #leaveGate: (() => void) | undefined;
  #failure: string | undefined;
  #health: HealthCheck | undefined;
  #vitals: Vitals = WELL;
  #graceEndsAtMs = 0;
  #terminated = false;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(
    id: string,
    generation: number,
    spec: FunctionSpec,
    around: ReplicaSurroundings,
    log: FunctionLog,
    events: ReplicaEvents,
  ) {
    this.id = id;
    this.functionName = spec.deployment.service;
    this.generation = generation;
    this.spec = spec;
    this.startedAtMs = around.nowMs();
    this.#around = around;
    this.#log = log;
    this.#events = events;
    this.finished = this.#live();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The gateway counts here; the last call of a draining replica lets it end. */
  set inFlight(count: number) {
    this.#inFlight = count;
    if (count <= 0 && this.state === "draining") this.#terminate();
  }

  /** Takes no new call from now on; ends when those in flight are answered, or when the grace is over. */
  drain(): void {
    if (this.state === "draining" || this.state === "gone") return;
    const { graceMs } = this.spec.settings;
    this.state = "draining";
    this.#graceEndsAtMs = this.#around.nowMs() + graceMs;
    if (this.#child !== undefined) {
      if (this.#inFlight <= 0) this.#terminate();
      else this.#after(graceMs, () => this.#terminate());
    }
    this.#events.onChange();
  }

  async measure(): Promise<void> {
    if (this.state === "gone" || this.pid === 0) return;
    const usage = await this.#enclosure?.usage();
    if (!usage) return;
    const atMs = this.#around.nowMs();
    const before = this.measured;
    const elapsedMs = before ? atMs - before.atMs : 0;
    // Two readings within a few milliseconds say nothing about a rate: keep the one before.
    if (before && elapsedMs < 100) {
      this.measured = { ...usage, atMs: before.atMs, milliCpu: before.milliCpu, cpuSeconds: usage.cpuSeconds };
      return;
    }
    const usedSeconds = before ? usage.cpuSeconds - before.cpuSeconds : 0;
    this.measured = { ...usage, atMs, milliCpu: before ? Math.max(0, (usedSeconds * 1e6) / elapsedMs) : 0 };
  }

  /** To be called every `LOOK_EVERY_MS`: a replica that is frozen leaves the routing at once, and counts as crashed. */
  look(): void {
    if (this.state !== "ready") return;
    this.#vitals = after(this.#vitals, {
      isStopped: isStopped(this.pid) && !this.#enclosure!.holdsStill(),
      hasAnswered: this.#health!.look(),
      cpuSeconds: this.measured?.cpuSeconds ?? null,
    });
    const problem = frozenBecause(this.#vitals, this.spec.settings.execTimeoutMs);
    if (problem === null) return;
    this.#failure = problem;
    this.#ended(this.#endOf(problem, false));
    this.#kill();
  }

  outOfMemoryKills(): number {
    return this.#enclosure?.outOfMemoryKills() ?? 0;
  }

  async #live(): Promise<void> {
    this.#leaveGate = await this.#around.gate.enter();
    const folder = join(this.#around.runFolder, this.id);
    try {
      const end = this.state === "starting" ? await this.#run(folder) : ({ kind: "stopped" } as const);
      this.#ended(end);
    } catch (thrown) {
      // Before there was a process: no cgroup, no secret, no spawn.
      this.#ended(this.#endOf(messageOf(thrown), false));
    } finally {
      this.#leaveGate();
      await this.#tidied(this.#enclosure?.close());
      await this.#tidied(rm(folder, { recursive: true, force: true }));
    }
  }

  /** A disk that refuses must not take the platform along; the next start removes what is left. */
  async #tidied(work: Promise<unknown> | undefined): Promise<void> {
    await work?.catch((thrown: unknown) => this.#log.note(this.id, `leaves something behind: ${messageOf(thrown)}`));
  }

  async #run(folder: string): Promise<ReplicaEnd> {
    const { limiter, secrets, guardian, throttleStart } = this.#around;
    const { deployment } = this.spec;
    const secretsFolder = join(folder, "secrets");
    await mountSecrets(secrets, deployment.secrets ?? [], secretsFolder);
    const enclosure = await limiter.open(this.id, this.spec.resources);
    this.#enclosure = enclosure;
    if (this.state !== "starting") return { kind: "stopped" };

    if (throttleStart) enclosure.throttle();
    const ownHeap = /--max[-_]old[-_]space[-_]size/.test(deployment.envVars?.["NODE_OPTIONS"] ?? "");
    const nodeArgs = [...(ownHeap ? [] : enclosure.nodeFlags), this.#around.runtimePath, this.spec.image.handlerPath];
    const { command, args } = enclosure.wrap(process.execPath, nodeArgs);
    const child = spawn(command, [...args], {
      cwd: this.spec.image.folder,
      env: replicaEnvironment(deployment, secretsFolder, process.env),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true, // a group of its own: the terminal's Ctrl-C is for the platform, which then drains
    });
    this.#child = child;
    const closed = this.#pipeOutput(child);
    if (child.pid !== undefined) {
      this.pid = child.pid;
      guardian.watch(child.pid);
      enclosure.entered(child.pid);
    }
    child.on("message", (value) => this.#onMessage(value));
    this.#after(this.#around.startTimeoutMs, () => this.#giveUpStart());

    const exit = await new Promise<Exit>((resolve) => {
      child.once("error", (error) => resolve({ kind: "error", error }));
      child.once("exit", (code, signal) => resolve({ kind: "exit", code, signal }));
    });
    for (const timer of this.#timers) clearTimeout(timer);
    this.#health?.close();
    if (child.pid !== undefined) {
      signalGroup(child.pid, "SIGKILL"); // what the function itself has started
      guardian.release(child.pid);
    }
    const outOfMemory = enclosure.outOfMemoryKills() > 0;
    const end = this.#endOf(this.#failure ?? describeExit(exit, outOfMemory, deployment.limits?.memory), outOfMemory);
    // Routing must not wait for the last line of output, the log's order should.
    this.#ended(end);
    await closed;
    this.#noteEnd(end, exit);
    return end;
  }

  #endOf(error: string, outOfMemory: boolean): ReplicaEnd {
    if (this.state === "draining") return { kind: "stopped" };
    return { kind: "crashed", wasReady: this.readyAtMs !== null, error, outOfMemory };
  }

  #ended(end: ReplicaEnd): void {
    if (this.state === "gone") return;
    if (end.kind === "crashed" && this.#child === undefined) this.#log.note(this.id, `could not start: ${end.error}`);
    this.state = "gone";
    this.#leaveGate?.();
    this.#events.onEnd(this, end);
  }

  #noteEnd(end: ReplicaEnd, exit: Exit): void {
    if (end.kind === "crashed") this.#log.note(this.id, `crashed: ${end.error}`);
    else if (exit.kind === "exit" && exit.signal === "SIGKILL") this.#log.note(this.id, "killed: its grace was over");
    else this.#log.note(this.id, "stopped");
  }

  #onMessage(value: unknown): void {
    const message = runtimeMessage(value);
    if (message?.kind === "failed") this.#failure = message.error;
    if (message?.kind !== "ready" || this.state !== "starting") return;
    try {
      if (!this.#around.throttleStart) this.#enclosure!.throttle();
    } catch (thrown) {
      this.#log.note(this.id, `runs WITHOUT its CPU limit: ${messageOf(thrown)}`);
    }
    this.port = message.port;
    this.#health = new HealthCheck(message.port);
    this.readyAtMs = this.#around.nowMs();
    this.state = "ready";
    this.#leaveGate?.();
    this.#log.note(this.id, `ready after ${Math.round(this.readyAtMs - this.startedAtMs)} ms on port ${this.port}`);
    this.#events.onChange();
  }

  #giveUpStart(): void {
    if (this.state !== "starting") return;
    this.#failure = `not ready within ${this.#around.startTimeoutMs / 1_000} s`;
    this.#kill();
  }

  #terminate(): void {
    if (this.#terminated || this.#child === undefined) return;
    this.#terminated = true;
    this.#enclosure?.release();
    this.#child.kill("SIGTERM");
    const leftMs = this.#graceEndsAtMs - this.#around.nowMs();
    this.#after(Math.max(MIN_SHUTDOWN_MS, leftMs), () => this.#kill());
  }

  #kill(): void {
    if (this.pid !== 0) signalGroup(this.pid, "SIGKILL");
    this.#child?.kill("SIGKILL");
  }

  #pipeOutput(child: ChildProcess): Promise<void> {
    const splitters = [child.stdout, child.stderr].map((stream) => {
      const splitter = new LineSplitter((line) => this.#log.append(this.id, line));
      stream?.on("data", (chunk: Buffer) => splitter.write(chunk));
      stream?.on("error", () => {}); // a pipe that breaks is followed by the end of the process
      return splitter;
    });
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        for (const splitter of splitters) splitter.end();
        resolve();
      };
      let timer: NodeJS.Timeout | undefined;
      child.once("exit", () => (timer = setTimeout(done, OUTPUT_TIMEOUT_MS)));
      child.once("close", done);
      child.on("error", () => (timer = setTimeout(done, 0))); // not once: nobody may be listening to a second
    });
  }

  #after(delayMs: number, action: () => void): void {
    const timer = setTimeout(action, Math.min(delayMs, 2 ** 31 - 1));
    this.#timers.add(timer);
  }
}

type Exit =
  | { readonly kind: "exit"; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: "error"; readonly error: Error };

function describeExit(exit: Exit, outOfMemory: boolean, memoryLimit: string | undefined): string {
  if (exit.kind === "error") return exit.error.message;
  if (outOfMemory) return `out of memory: killed at its limit of ${memoryLimit ?? "?"}`;
  return exit.signal === null ? `exit code ${exit.code}` : `killed by ${exit.signal}`;
}
