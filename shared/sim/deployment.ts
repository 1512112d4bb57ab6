/** What the controller does with a function's replicas: births, nodes, starts, victims, restarts, and cores of crowded nodes. */
import type { Random } from "../core/random.ts";
import type { Cpu } from "./cpu.ts";
import type { EventHeap } from "./event-heap.ts";
import type { SimParameters } from "./parameters.ts";
import type { SimProfile } from "./profiles.ts";
import { DRAINING, PENDING, READY, Replicas, STARTING, type Replica } from "./replicas.ts";
import { Reversals } from "./reversals.ts";

/** Kinds of events that are the controller's. `READY_PLAN` and `KILL_PLAN` have the number of a plan as their subject. */
export const RECONCILE = 10;
/** A replica becomes ready. */
export const READY_PLAN = 11;
/** A draining replica has used up its grace period. */
export const KILL_PLAN = 12;
/** A crowded node shares its cores out again. */
export const BALANCE = 13;

/** A 502 is likely so long after a replica became ready or left. */
export const EARLY_SECONDS = 1;
/** How often a crowded node shares its cores out again. */
const BALANCE_SECONDS = 1;

/** What a deployment begins with. */
export interface DeploymentStart {
  readonly profile: SimProfile;
  readonly replicas: number;
  readonly random: Random;
  readonly events: EventHeap;
  readonly cpu: Cpu;
  /** Start of the first CFS period of each replica; at random when undefined. */
  readonly cfsPhaseSeconds: number | undefined;
  /** All calls in the replica are lost. */
  readonly dropCalls: (replica: Replica) => void;
  /** The replica's speed has changed. */
  readonly respeed: (replica: Replica) => void;
}

/** The replicas of a function and the controller that starts and ends them. */
export class Deployment {
  readonly replicas: Replicas;
  /** When a ready replica was last dismissed, and how many within the second before. */
  leftSeconds = -Infinity;
  leftLately = 0;
  starts = 0;
  readonly reversals = new Reversals();
  readonly #p: SimParameters;
  readonly #random: Random;
  readonly #events: EventHeap;
  readonly #cpu: Cpu;
  readonly #hooks: Pick<DeploymentStart, "dropCalls" | "respeed" | "cfsPhaseSeconds">;
  readonly #replicasPerNode: number;
  readonly #hasPulled: Uint8Array;
  readonly #plans = new Map<number, Replica>();
  #planned = 0;
  #desired: number;
  #endedReplicaSeconds = 0;

  constructor(start: DeploymentStart) {
    const { profile, random, events, cpu } = start;
    this.#p = profile.parameters;
    this.#random = random;
    this.#events = events;
    this.#cpu = cpu;
    this.#hooks = start;
    this.#replicasPerNode = Math.floor(this.#p.nodeCores / this.#p.cpuRequestCores + 1e-9);
    this.#hasPulled = new Uint8Array(this.#p.nodes);
    this.replicas = new Replicas(profile.name, this.#p.nodes);
    this.#desired = this.#clamped(start.replicas);
    for (let i = 0; i < this.#desired; i++) {
      const replica = this.replicas.bear();
      if (!this.replicas.settle(replica, this.#replicasPerNode, 0)) continue;
      this.#hasPulled[replica.node] = 1;
      this.#becomeReady(replica, 0);
      // Ready for long: its first second is over.
      replica.readySeconds = -EARLY_SECONDS;
    }
    // Only where limits may add up to more than a node has is there anything to share.
    if (this.#p.cpuLimitCores > this.#p.cpuRequestCores) events.push(BALANCE_SECONDS, BALANCE, 0);
  }

  get desired(): number {
    return this.#desired;
  }

  /** ∫ replicas on a node dt up to now: from getting the node to the end, so starts and drains cost, too. */
  replicaSeconds(nowSeconds: number): number {
    let seconds = this.#endedReplicaSeconds;
    for (const { node, placedSeconds } of this.replicas.all) if (node >= 0) seconds += nowSeconds - placedSeconds;
    return seconds;
  }

  /** Sets the desired count, within the platform's bounds; returns what was accepted. */
  scale(desired: number, nowSeconds: number): number {
    const applied = this.#clamped(desired);
    if (applied === this.#desired) return applied;
    this.reversals.note(this.#desired, applied, nowSeconds);
    this.#desired = applied;
    const { scaleCallMinSeconds: least, scaleCallMaxSeconds: most } = this.#p;
    const seconds = least + Math.max(0, most - least) * this.#random.next();
    this.#events.push(nowSeconds + seconds, RECONCILE, 0);
    return applied;
  }

  /** One of the events above has come. */
  happen(kind: number, subject: number, nowSeconds: number): void {
    if (kind === RECONCILE) return this.#reconcile(nowSeconds);
    if (kind === BALANCE) return this.#balance(nowSeconds);
    const replica = this.#plans.get(subject);
    this.#plans.delete(subject);
    if (replica?.plan !== subject) return;
    if (kind === KILL_PLAN) return this.end(replica, nowSeconds);
    this.starts++;
    this.#becomeReady(replica, nowSeconds);
  }

  /** Out of memory: all its calls fail, and it comes back after a pause that doubles each time. */
  crash(replica: Replica, nowSeconds: number): void {
    this.#hooks.dropCalls(replica);
    this.replicas.unroute(replica);
    replica.state = STARTING;
    const pause = Math.min(this.#p.restartBackoffMaxSeconds, this.#p.restartBackoffSeconds * 2 ** replica.restarts++);
    this.#plan(READY_PLAN, replica, nowSeconds + pause + this.#startSeconds(replica.node));
  }

  /** The replica is gone, and whatever was still in it. */
  end(replica: Replica, nowSeconds: number): void {
    this.#hooks.dropCalls(replica);
    if (replica.node >= 0) this.#endedReplicaSeconds += nowSeconds - replica.placedSeconds;
    this.replicas.end(replica);
    this.#placePending(nowSeconds);
  }

  #reconcile(nowSeconds: number): void {
    for (let missing = this.#desired - this.replicas.kept; missing > 0; missing--) this.replicas.bear();
    for (let extra = this.replicas.kept - this.#desired; extra > 0; extra--) this.#dismiss(this.#victim(), nowSeconds);
    this.#placePending(nowSeconds);
  }

  #placePending(nowSeconds: number): void {
    for (const replica of this.replicas.all) {
      if (replica.state !== PENDING) continue;
      if (!this.replicas.settle(replica, this.#replicasPerNode, nowSeconds)) return;
      replica.state = STARTING;
      this.#plan(READY_PLAN, replica, nowSeconds + this.#startSeconds(replica.node));
    }
  }

  /** From getting a node to taking calls. */
  #startSeconds(node: number): number {
    const p = this.#p;
    const drawn = p.startMedianSeconds * Math.exp(p.startSigma * this.#random.normal());
    const others = this.replicas.startingOn(node) - 1;
    const start = Math.max(p.startFloorSeconds, drawn) * (1 + p.startSlowdownRatio * Math.max(0, others));
    let pull = 0;
    if (this.#hasPulled[node] === 0) {
      this.#hasPulled[node] = 1;
      if (this.#random.next() < p.imagePullChance) pull = this.#random.exponential(p.imagePullMeanSeconds);
    }
    return start + pull + this.#random.next() * p.readinessPeriodSeconds + p.endpointSeconds;
  }

  #becomeReady(replica: Replica, nowSeconds: number): void {
    replica.state = READY;
    replica.readySeconds = nowSeconds;
    const phase = this.#hooks.cfsPhaseSeconds ?? this.#random.next() * this.#p.cfsPeriodSeconds;
    this.#cpu.begin(replica.place, nowSeconds, phase);
    this.replicas.route(replica);
  }

  /** Not ready first; then the newest, or any. */
  #victim(): Replica {
    const kept = this.replicas.all.filter(({ state }) => state < DRAINING);
    for (const wanted of [PENDING, STARTING]) {
      const found = kept.findLast(({ state }) => state === wanted);
      if (found) return found;
    }
    return this.#p.newestFirst === 1 ? kept[kept.length - 1]! : kept[this.#random.integer(kept.length)]!;
  }

  #dismiss(replica: Replica, nowSeconds: number): void {
    if (replica.state === READY) {
      this.leftLately = nowSeconds - this.leftSeconds < EARLY_SECONDS ? this.leftLately + 1 : 1;
      this.leftSeconds = nowSeconds;
    }
    this.replicas.unroute(replica);
    if (replica.calls === 0) return this.end(replica, nowSeconds);
    replica.state = DRAINING;
    this.#plan(KILL_PLAN, replica, nowSeconds + this.#p.graceSeconds);
  }

  /** The replica's next step; any that was planned before is void. */
  #plan(kind: number, replica: Replica, atSeconds: number): void {
    replica.plan = ++this.#planned;
    this.#plans.set(replica.plan, replica);
    this.#events.push(atSeconds, kind, replica.plan);
  }

  /** A crowded node shares its cores among the replicas that compute, in proportion to their requests (which are equal). */
  #balance(nowSeconds: number): void {
    const busy = new Float64Array(this.#p.nodes);
    for (const { node, place, calls } of this.replicas.all) {
      if (calls > 0 && this.#cpu.active(place) > 0) busy[node]!++;
    }
    for (const replica of this.replicas.all) {
      if (replica.state !== READY && replica.state !== DRAINING) continue;
      this.#cpu.share(replica.place, this.#p.nodeCores / Math.max(1, busy[replica.node]!), nowSeconds);
      this.#hooks.respeed(replica);
    }
    this.#events.push(nowSeconds + BALANCE_SECONDS, BALANCE, 0);
  }

  #clamped(desired: number): number {
    const { replicaCap, replicaFloor } = this.#p;
    const whole = Math.max(replicaFloor, Math.round(desired), 0);
    return replicaCap > 0 ? Math.min(replicaCap, whole) : whole;
  }
}
