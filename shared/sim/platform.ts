/**
 * The platform in simulated time: a gateway that routes each call to a random ready replica, and replicas that compute
 * under a CFS quota. Event-driven; nothing is allocated for a call.
 */
import type { Random } from "../core/random.ts";
import type { Schedule } from "../traces/schedule.ts";
import { Calls, RUNNING } from "./calls.ts";
import { Cpu } from "./cpu.ts";
import { Deployment, EARLY_SECONDS } from "./deployment.ts";
import { EventHeap } from "./event-heap.ts";
import { CODE_200, CODE_429, CODE_502, CODE_504, GatewayCounters } from "./gateway-counters.ts";
import { NextFinish } from "./next-finish.ts";
import type { SimProfile } from "./profiles.ts";
import { DRAINING, PENDING, READY, STARTING, type Replica } from "./replicas.ts";
import { Tally } from "./tally.ts";

/** Kinds of events; all others are the deployment's. */
const SLEEP_ENDS = 0;
const POLL = 1;

/** What a simulated platform begins with. */
export interface PlatformStart {
  readonly profile: SimProfile;
  readonly schedule: Schedule;
  /** Ready at the start. */
  readonly replicas: number;
  readonly random: Random;
  /** Start of the first CFS period of each replica; at random when absent. */
  readonly cfsPhaseSeconds?: number;
}

/** The gateway, the function's replicas and the calls of a schedule, event by event. */
export class SimulatedPlatform {
  readonly gateway: GatewayCounters;
  readonly cpu: Cpu;
  /** Since its last `clear`. */
  readonly tally = new Tally();
  readonly deployment: Deployment;
  nowSeconds = 0;
  /** ∫ in-flight dt, as the gateway counts it. */
  inFlightSeconds = 0;

  readonly #profile: SimProfile;
  readonly #schedule: Schedule;
  readonly #calls = new Calls();
  readonly #events = new EventHeap();
  readonly #finishes = new NextFinish();
  readonly #routing: Random;
  readonly #failures: Random;
  readonly #timeoutSeconds: number;
  readonly #timeoutCode: number;
  readonly #routed: readonly Replica[];
  /** Held calls in the order they came, and since when. */
  #held: HeldCall[] = [];
  #arrived = 0;
  #countedSeconds = 0;
  /** By window of the schedule: 1 when a call that came in it failed. */
  readonly #notServed: Uint8Array;

  constructor({ profile, schedule, replicas, random, cfsPhaseSeconds }: PlatformStart) {
    const p = profile.parameters;
    this.gateway = new GatewayCounters(p.sloBucket === 1 ? [profile.slo.seconds] : []);
    this.#profile = profile;
    this.#schedule = schedule;
    this.#routing = random.fork("routing");
    this.#failures = random.fork("failures");
    const execFirst = p.execTimeoutSeconds > 0 && p.execTimeoutSeconds <= p.upstreamTimeoutSeconds;
    this.#timeoutSeconds = execFirst ? p.execTimeoutSeconds : p.upstreamTimeoutSeconds;
    this.#timeoutCode = execFirst ? CODE_504 : CODE_502;
    this.#notServed = new Uint8Array(Math.ceil(schedule.durationSeconds / schedule.windowSeconds) + 1);
    this.cpu = new Cpu({ limitCores: p.cpuLimitCores, periodSeconds: p.cfsPeriodSeconds, threads: p.threads });
    this.deployment = new Deployment({
      profile,
      replicas,
      random: random.fork("lives"),
      events: this.#events,
      cpu: this.cpu,
      cfsPhaseSeconds,
      dropCalls: (replica) => this.#drop(replica),
      respeed: ({ place }) => this.#finishes.set(place, this.cpu.nextFinishSeconds(place)),
    });
    this.#routed = this.deployment.replicas.routed;
  }

  get desired(): number {
    return this.deployment.desired;
  }

  /** Replicas that are ready. */
  get available(): number {
    return this.deployment.replicas.count(READY);
  }

  /** Born, and not ready yet. */
  get pending(): number {
    return this.deployment.replicas.count(PENDING) + this.deployment.replicas.count(STARTING);
  }

  get replicaSeconds(): number {
    return this.deployment.replicaSeconds(this.nowSeconds);
  }

  /** Calls whose callers still wait. */
  get waiting(): number {
    return this.gateway.inFlight + this.#held.length;
  }

  /** Calls of the schedule that have come. */
  get arrived(): number {
    return this.#arrived;
  }

  /** Whether all calls that came in window `index` of the schedule, and are over, were answered well. */
  wasServed(index: number): boolean {
    return this.#notServed[index] === 0;
  }

  /** Asks for so many replicas; answers what the platform made of it, which a cap may have changed. Replicas follow. */
  scale(desired: number): number {
    return this.deployment.scale(desired, this.nowSeconds);
  }

  /** Lets time pass up to `untilSeconds`, which itself belongs to what comes next. */
  runUntil(untilSeconds: number): void {
    const { offsetSeconds } = this.#schedule;
    const overhead = this.#profile.parameters.gatewayOverheadSeconds;
    const calls = this.#calls;
    for (;;) {
      const oldest = calls.oldest;
      const timeout = oldest < 0 ? Infinity : calls.begunSeconds[oldest]! + this.#timeoutSeconds;
      const event = this.#events.nextSeconds;
      const finish = this.#finishes.nextSeconds;
      const arrival = this.#arrived < offsetSeconds.length ? offsetSeconds[this.#arrived]! + overhead : Infinity;
      const next = Math.min(event, finish, timeout, arrival);
      if (!(next < untilSeconds)) break;
      if (next > this.nowSeconds) this.nowSeconds = next;
      if (next === event) this.#happen();
      else if (next === finish) this.#finish(this.#finishes.nextReplica);
      else if (next === timeout) this.#timeOut(oldest);
      else this.#arrive();
    }
    if (untilSeconds > this.nowSeconds) this.nowSeconds = untilSeconds;
    this.#countInFlight();
  }

  #happen(): void {
    this.#events.pop();
    const { kind, subject } = this.#events;
    if (kind === SLEEP_ENDS) this.#wake(subject);
    else if (kind === POLL) this.#poll();
    else {
      this.deployment.happen(kind, subject, this.nowSeconds);
      this.tally.replicaStarts += this.deployment.starts;
      this.deployment.starts = 0;
    }
  }

  #arrive(): void {
    const { cpuSeconds, sleepSeconds, minReplicas, parameters } = this.#profile;
    const i = this.#arrived++;
    const work = this.#schedule.work[i]!;
    const intended = this.#schedule.offsetSeconds[i]!;
    this.tally.arrivals++;
    const call = this.#calls.take(intended, cpuSeconds * work, sleepSeconds * work);
    if (this.#routed.length > 0) this.#route(call, intended);
    else if (minReplicas === 0 || parameters.holdCalls === 1) this.#hold(call);
    else {
      this.#countStart();
      this.#fail(call, intended, CODE_502);
    }
  }

  /** Uniformly random among those that take calls, whatever they have to do: OpenFaaS keeps no queue and compares nothing. */
  #route(call: number, begunSeconds: number): void {
    const routed = this.#routed;
    const { maxInflight, memoryBaseMegabytes, memoryPerCallMegabytes, memoryLimitMegabytes } = this.#profile.parameters;
    this.#countStart();
    const replica = routed.length === 1 ? routed[0]! : routed[this.#routing.integer(routed.length)]!;
    if (this.#failsEarly(replica)) return this.#fail(call, begunSeconds, CODE_502);
    if (maxInflight > 0 && replica.waited >= maxInflight) return this.#fail(call, begunSeconds, CODE_429);
    replica.waited++;
    replica.calls++;
    this.#calls.run(call, begunSeconds, replica.place, replica.life);
    const sleep = this.#calls.sleepSeconds[call]!;
    if (sleep > 0) this.#events.push(this.nowSeconds + sleep, SLEEP_ENDS, call);
    else this.#compute(replica.place, call);
    if (memoryBaseMegabytes + replica.calls * memoryPerCallMegabytes > memoryLimitMegabytes) {
      this.tally.outOfMemory++;
      this.deployment.crash(replica, this.nowSeconds);
    }
  }

  #failsEarly(replica: Replica): boolean {
    const { earlyFailureChance } = this.#profile.parameters;
    if (this.nowSeconds - replica.readySeconds < EARLY_SECONDS) return this.#failures.next() < earlyFailureChance;
    if (this.nowSeconds - this.deployment.leftSeconds >= EARLY_SECONDS) return false;
    const left = this.deployment.leftLately;
    return this.#failures.next() < (earlyFailureChance * left) / (left + this.#routed.length);
  }

  #compute(place: number, call: number): void {
    this.cpu.add(place, call, this.#calls.cpuSeconds[call]!, this.nowSeconds);
    this.#finishes.set(place, this.cpu.nextFinishSeconds(place));
  }

  #finish(place: number): void {
    const call = this.cpu.finish(place, this.nowSeconds);
    this.#finishes.set(place, this.cpu.nextFinishSeconds(place));
    const replica = this.deployment.replicas.byPlace[place]!;
    replica.calls--;
    if (this.#calls.state[call] === RUNNING) {
      replica.waited--;
      this.#countInFlight();
      this.gateway.end(CODE_200, this.nowSeconds - this.#calls.begunSeconds[call]!);
      this.tally.succeed(this.nowSeconds - this.#calls.intendedSeconds[call]!, this.#profile.slo.seconds);
    }
    this.#calls.free(call);
    if (replica.state === DRAINING && replica.calls === 0) this.deployment.end(replica, this.nowSeconds);
  }

  /** A call has slept; where its replica has forgotten it meanwhile, it is over. */
  #wake(call: number): void {
    const place = this.#calls.replica[call]!;
    if (this.deployment.replicas.byPlace[place]?.life === this.#calls.life[call]) this.#compute(place, call);
    else this.#calls.free(call);
  }

  /** The caller gets its answer; the work goes on, as a process does not stop computing on request. */
  #timeOut(call: number): void {
    this.deployment.replicas.byPlace[this.#calls.replica[call]!]!.waited--;
    this.#countFailure(call, this.#calls.begunSeconds[call]!, this.#timeoutCode);
    this.#calls.abandon(call);
  }

  #fail(call: number, begunSeconds: number, code: number): void {
    this.#countFailure(call, begunSeconds, code);
    this.#calls.free(call);
  }

  /** All calls in it are lost; callers get 502. */
  #drop(replica: Replica): void {
    if (replica.calls === 0) return;
    const { place, life } = replica;
    const calls = this.#calls;
    for (let call = calls.oldest; call >= 0;) {
      const next = calls.after(call);
      if (calls.life[call] === life) {
        this.#countFailure(call, calls.begunSeconds[call]!, CODE_502);
        calls.abandon(call);
      }
      call = next;
    }
    // Those that computed are over; those that sleep find on waking that the replica lives another life.
    for (let i = 0; i < this.cpu.active(place); i++) calls.free(this.cpu.callAt(place, i));
    this.cpu.clear(place, this.nowSeconds);
    this.#finishes.set(place, Infinity);
    this.deployment.replicas.reincarnate(replica);
  }

  #hold(call: number): void {
    const { scaleFromZeroPollSeconds } = this.#profile.parameters;
    if (this.#held.length === 0) this.#events.push(this.nowSeconds + scaleFromZeroPollSeconds, POLL, 0);
    this.#held.push({ call, sinceSeconds: this.nowSeconds });
    this.tally.coldStarts++;
    // The gateway itself asks for the first replica.
    if (this.desired === 0) this.scale(1);
  }

  #poll(): void {
    const { scaleFromZeroPollSeconds: every, scaleFromZeroPolls: most } = this.#profile.parameters;
    const still: HeldCall[] = [];
    for (const held of this.#held) {
      if (this.#routed.length > 0) this.#route(held.call, this.nowSeconds);
      else if (this.nowSeconds - held.sinceSeconds < every * most) still.push(held);
      else {
        this.tally.heldInVain++;
        this.#markNotServed(held.call);
        this.#calls.free(held.call);
      }
    }
    this.#held = still;
    if (still.length > 0) this.#events.push(this.nowSeconds + every, POLL, 0);
  }

  #countStart(): void {
    this.#countInFlight();
    this.gateway.started++;
  }

  #countFailure(call: number, begunSeconds: number, code: number): void {
    this.#countInFlight();
    this.gateway.end(code, this.nowSeconds - begunSeconds);
    this.tally.byCode[code]!++;
    this.#markNotServed(call);
  }

  #markNotServed(call: number): void {
    this.#notServed[Math.floor(this.#calls.intendedSeconds[call]! / this.#schedule.windowSeconds)] = 1;
  }

  #countInFlight(): void {
    this.inFlightSeconds += this.gateway.inFlight * (this.nowSeconds - this.#countedSeconds);
    this.#countedSeconds = this.nowSeconds;
  }
}

interface HeldCall {
  readonly call: number;
  readonly sinceSeconds: number;
}
