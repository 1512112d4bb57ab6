/** A stretch of calls on a constant count of replicas: random routes, processor sharing at the CPU limit, places in each. */
import type { Schedule } from "../../traces/schedule.ts";
import type { SimProfile } from "../../sim/profiles.ts";

/** Calls by number: those before `first` only load the replicas; those from it up to, and without, `end` are counted. */
export interface Stretch {
  readonly from: number;
  readonly first: number;
  readonly end: number;
}

/**
 * What is in one replica. Its time is virtual: it grows by CPU-seconds burnt ÷ calls that compute, so that a call which needs
 * W is over when it has grown by W, however many come and go.
 */
class Held {
  atSeconds = 0;
  virtual = 0;
  /** What may be burnt at full speed, CPU-seconds: the quota of the period under way. */
  saved = 0;
  computing = 0;
  readonly finish: number[] = [];
  readonly due: number[] = [];
  /** Place of the call that is over first. */
  firstToFinish = -1;
  asleep = 0;
  readonly wakeSeconds: number[] = [];
  readonly sleeper: number[] = [];
  firstToWake = -1;

  begin(atSeconds: number, saved: number): void {
    this.atSeconds = atSeconds;
    this.saved = saved;
    this.virtual = 0;
    this.computing = 0;
    this.asleep = 0;
    this.firstToFinish = -1;
    this.firstToWake = -1;
  }
}

/** Counts late calls on a constant count of replicas. */
export class SharedReplicas {
  readonly #schedule: Schedule;
  readonly #profile: SimProfile;
  readonly #mostHeld: number;
  readonly #mostSaved: number;
  readonly #held: Held[] = [];
  #first = 0;
  #late = 0;

  constructor(schedule: Schedule, profile: SimProfile) {
    const { slo, cpuSeconds, sleepSeconds, parameters: p } = profile;
    this.#schedule = schedule;
    this.#profile = profile;
    // With so many calls before it a call is late; letting it go at once keeps overload cheap to compute with.
    const hopeless = Math.ceil((4 * (slo.seconds + sleepSeconds) * p.cpuLimitCores) / Math.max(cpuSeconds, 1e-6)) + 4;
    this.#mostHeld = p.maxInflight > 0 ? Math.min(p.maxInflight, hopeless) : hopeless;
    this.#mostSaved = p.cfsPeriodSeconds * p.cpuLimitCores * Math.max(0, 1 - p.cpuLimitCores / p.threads);
  }

  /** Late or refused calls among those counted, from empty replicas on. Call i goes to replica ⌊`routes[i − from]` · n⌋. */
  lateOf({ from, first, end }: Stretch, replicas: number, routes: Float64Array): number {
    const { offsetSeconds, work } = this.#schedule;
    const { sleepSeconds } = this.#profile;
    this.#late = 0;
    this.#first = first;
    for (let r = 0; r < replicas; r++) (this.#held[r] ??= new Held()).begin(offsetSeconds[from]!, this.#mostSaved);
    for (let call = from; call < end; call++) {
      const held = this.#held[Math.floor(routes[call - from]! * replicas)]!;
      this.#live(held, offsetSeconds[call]!);
      if (held.computing + held.asleep >= this.#mostHeld) {
        if (call >= first) this.#late++;
      } else if (sleepSeconds > 0) {
        this.#sleep(held, call, offsetSeconds[call]! + sleepSeconds * work[call]!);
      } else this.#compute(held, call);
    }
    for (let r = 0; r < replicas; r++) this.#live(this.#held[r]!, Infinity);
    return this.#late;
  }

  #sleep(held: Held, call: number, wakeSeconds: number): void {
    const at = held.asleep++;
    held.wakeSeconds[at] = wakeSeconds;
    held.sleeper[at] = call;
    if (held.firstToWake < 0 || wakeSeconds < held.wakeSeconds[held.firstToWake]!) held.firstToWake = at;
  }

  #compute(held: Held, call: number): void {
    const at = held.computing++;
    const finish = held.virtual + this.#profile.cpuSeconds * this.#schedule.work[call]!;
    held.finish[at] = finish;
    held.due[at] = call >= this.#first ? this.#schedule.offsetSeconds[call]! + this.#profile.slo.seconds : Infinity;
    if (held.firstToFinish < 0 || finish < held.finish[held.firstToFinish]!) held.firstToFinish = at;
  }

  /** From event to event: a call wakes, what was saved is spent, or a call is over. */
  #live(held: Held, untilSeconds: number): void {
    const { cpuLimitCores, threads } = this.#profile.parameters;
    for (;;) {
      const { computing } = held;
      const full = computing < threads ? computing : threads;
      const isFast = full > cpuLimitCores && held.saved > 0;
      const speed = isFast || full < cpuLimitCores ? full : cpuLimitCores;
      const wake = held.firstToWake < 0 ? Infinity : held.wakeSeconds[held.firstToWake]!;
      const over =
        computing === 0
          ? Infinity
          : held.atSeconds + ((held.finish[held.firstToFinish]! - held.virtual) * computing) / speed;
      const spent = isFast ? held.atSeconds + held.saved / (full - cpuLimitCores) : Infinity;
      const next = Math.min(over, wake, spent, untilSeconds);
      if (next === Infinity) return;
      const elapsed = next - held.atSeconds;
      held.atSeconds = next;
      if (computing > 0) held.virtual += (elapsed * speed) / computing;
      held.saved = next === spent ? 0 : Math.min(this.#mostSaved, held.saved + elapsed * (cpuLimitCores - speed));
      if (next === over) this.#finish(held);
      else if (next === wake) this.#wake(held);
      else if (next === untilSeconds) return;
    }
  }

  #finish(held: Held): void {
    const at = held.firstToFinish;
    if (held.atSeconds > held.due[at]!) this.#late++;
    held.virtual = held.finish[at]!;
    const last = --held.computing;
    held.finish[at] = held.finish[last]!;
    held.due[at] = held.due[last]!;
    held.firstToFinish = leastOf(held.finish, last);
  }

  #wake(held: Held): void {
    const at = held.firstToWake;
    const call = held.sleeper[at]!;
    const last = --held.asleep;
    held.wakeSeconds[at] = held.wakeSeconds[last]!;
    held.sleeper[at] = held.sleeper[last]!;
    held.firstToWake = leastOf(held.wakeSeconds, last);
    this.#compute(held, call);
  }
}

/** Place of the least of the first `count` values; −1 for none. */
function leastOf(values: readonly number[], count: number): number {
  let least = count > 0 ? 0 : -1;
  for (let i = 1; i < count; i++) if (values[i]! < values[least]!) least = i;
  return least;
}
