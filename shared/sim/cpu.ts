/**
 * CPU of replicas under a CFS quota, exactly. In each period a replica may burn its quota at full speed, shared evenly by
 * the calls in it (processor sharing); then all of them wait for the next period. The instants of completion follow in closed
 * form over any number of periods, so a call costs one event, not one per period.
 *
 * Shares are kept in virtual time: `virtual` grows by (CPU burnt ÷ calls), and a call that needs W ends when `virtual` has
 * grown by W, however many others came and went.
 */
import { FinishQueue } from "./finish-queue.ts";
import { longer } from "./longer.ts";

/** Rounding of instants must not cost a period: 1e-9 of a period (or of a quota) counts as nothing. */
const TINY = 1e-9;

/** A replica's CPU limit. */
export interface CpuLimits {
  readonly limitCores: number;
  readonly periodSeconds: number;
  /** Cores that one replica can use at once. */
  readonly threads: number;
}

/** The CPU of all replicas, by place; instants are seconds of the simulation. */
export class Cpu {
  readonly #periodSeconds: number;
  readonly #threads: number;
  readonly #limitCores: number;
  #queues: FinishQueue[] = [];
  #atSeconds = new Float64Array(0);
  #phaseSeconds = new Float64Array(0);
  #period = new Float64Array(0);
  /** Of each period, and what is left of it in this one. */
  #quotaSeconds = new Float64Array(0);
  #leftSeconds = new Float64Array(0);
  #virtual = new Float64Array(0);
  #usedSeconds = new Float64Array(0);

  constructor({ limitCores, periodSeconds, threads }: CpuLimits) {
    this.#periodSeconds = periodSeconds;
    this.#threads = threads;
    this.#limitCores = limitCores;
  }

  /** Begins a replica in place `r`, its periods `phaseSeconds` off the whole ones. */
  begin(r: number, atSeconds: number, phaseSeconds: number): void {
    while (this.#queues.length <= r) this.#grow();
    this.#queues[r]!.size = 0;
    this.#atSeconds[r] = atSeconds;
    this.#phaseSeconds[r] = phaseSeconds;
    this.#period[r] = Math.floor((atSeconds - phaseSeconds) / this.#periodSeconds + TINY);
    this.#quotaSeconds[r] = this.#limitCores * this.#periodSeconds;
    this.#leftSeconds[r] = this.#quotaSeconds[r]!;
    this.#virtual[r] = 0;
    this.#usedSeconds[r] = 0;
  }

  /** Gives `r` fewer cores than its limit, as a crowded node does; never more. */
  share(r: number, cores: number, nowSeconds: number): void {
    this.#advance(r, nowSeconds);
    const quotaSeconds = Math.min(cores, this.#limitCores) * this.#periodSeconds;
    this.#leftSeconds[r] = Math.max(0, this.#leftSeconds[r]! + quotaSeconds - this.#quotaSeconds[r]!);
    this.#quotaSeconds[r] = quotaSeconds;
  }

  /** Calls that compute in `r`. */
  active(r: number): number {
    return this.#queues[r]!.size;
  }

  callAt(r: number, i: number): number {
    return this.#queues[r]!.callAt(i);
  }

  /** CPU-seconds burnt by `r` up to `nowSeconds`. */
  usedSeconds(r: number, nowSeconds: number): number {
    this.#advance(r, nowSeconds);
    return this.#usedSeconds[r]!;
  }

  /** A call begins to compute. */
  add(r: number, call: number, cpuSeconds: number, nowSeconds: number): void {
    this.#advance(r, nowSeconds);
    this.#queues[r]!.push(this.#virtual[r]! + cpuSeconds, call);
  }

  /** Takes out the call that finishes at `nowSeconds`, which is what `nextFinishSeconds` returned. */
  finish(r: number, nowSeconds: number): number {
    this.#advance(r, nowSeconds);
    const queue = this.#queues[r]!;
    this.#virtual[r] = queue.firstFinish;
    const call = queue.pop();
    if (queue.size === 0) this.#virtual[r] = 0;
    return call;
  }

  /** Drops all calls of `r`. */
  clear(r: number, nowSeconds: number): void {
    this.#advance(r, nowSeconds);
    this.#queues[r]!.size = 0;
    this.#virtual[r] = 0;
  }

  /** When the first of the calls in `r` finishes if none comes; +∞ without calls. */
  nextFinishSeconds(r: number): number {
    const queue = this.#queues[r]!;
    const calls = queue.size;
    if (calls === 0) return Infinity;
    const speed = calls < this.#threads ? calls : this.#threads;
    const atSeconds = this.#atSeconds[r]!;
    const need = (queue.firstFinish - this.#virtual[r]!) * calls;
    if (need <= 0) return atSeconds;
    const quota = this.#quotaSeconds[r]!;
    if (quota >= this.#periodSeconds * speed) return atSeconds + need / speed;

    const boundary = this.#phaseSeconds[r]! + (this.#period[r]! + 1) * this.#periodSeconds;
    const now = Math.max(0, Math.min(this.#leftSeconds[r]!, (boundary - atSeconds) * speed));
    if (need <= now * (1 + TINY)) return atSeconds + need / speed;
    const later = need - now;
    const whole = Math.max(0, Math.ceil(later / quota - TINY) - 1);
    return boundary + whole * this.#periodSeconds + (later - whole * quota) / speed;
  }

  /** Burns what was to be burnt up to `nowSeconds`. */
  #advance(r: number, nowSeconds: number): void {
    const atSeconds = this.#atSeconds[r]!;
    if (nowSeconds <= atSeconds) return;
    this.#atSeconds[r] = nowSeconds;
    const calls = this.#queues[r]!.size;
    const speed = calls < this.#threads ? calls : this.#threads;
    const burnt = this.#burn(r, atSeconds, nowSeconds, speed);
    if (calls === 0) return;
    this.#virtual[r]! += burnt / calls;
    this.#usedSeconds[r]! += burnt;
  }

  #burn(r: number, fromSeconds: number, toSeconds: number, speed: number): number {
    const period = this.#period[r]!;
    const phase = this.#phaseSeconds[r]!;
    const left = this.#leftSeconds[r]!;
    const quota = this.#quotaSeconds[r]!;
    const newPeriod = Math.floor((toSeconds - phase) / this.#periodSeconds + TINY);
    if (newPeriod <= period) {
      const burnt = Math.min(left, (toSeconds - fromSeconds) * speed);
      this.#leftSeconds[r] = left - burnt;
      return burnt;
    }
    const boundary = phase + (period + 1) * this.#periodSeconds;
    const first = Math.max(0, Math.min(left, (boundary - fromSeconds) * speed));
    const perPeriod = Math.min(quota, this.#periodSeconds * speed);
    const begun = Math.max(0, toSeconds - (phase + newPeriod * this.#periodSeconds));
    const last = Math.min(quota, begun * speed);
    this.#period[r] = newPeriod;
    this.#leftSeconds[r] = quota - last;
    return first + (newPeriod - period - 1) * perPeriod + last;
  }

  #grow(): void {
    const places = Math.max(32, this.#queues.length * 2);
    this.#atSeconds = longer(this.#atSeconds, places);
    this.#phaseSeconds = longer(this.#phaseSeconds, places);
    this.#period = longer(this.#period, places);
    this.#quotaSeconds = longer(this.#quotaSeconds, places);
    this.#leftSeconds = longer(this.#leftSeconds, places);
    this.#virtual = longer(this.#virtual, places);
    this.#usedSeconds = longer(this.#usedSeconds, places);
    while (this.#queues.length < places) this.#queues.push(new FinishQueue());
  }
}
