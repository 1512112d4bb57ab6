/** Contenders that are asked in turn, in short rounds of one run: what else the machine does meets all alike. */
import type { CpuReading } from "./peer-cpu.ts";
import type { Peer } from "./peer.ts";
import type { LoadOrder, LoadResult } from "./peer-load.ts";
import { median } from "./section.ts";

export interface Round {
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Contender {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  /** The process whose CPU time counts. */
  readonly peer: Peer | undefined;
}

export interface Measured extends Contender {
  readonly rounds: readonly Round[];
}

/** Short rounds and many of them: what else the machine does comes in bursts longer than one. */
const ROUND_MS = 250;
export const ROUNDS = 7;
/** Ahead of them: code is compiled once it has run for a while, and what that takes is no request's. */
const WARM_UP_ROUNDS = 12;

export type Order = Pick<LoadOrder, "method" | "bodyBytes" | "connections">;

export async function inTurn(load: Peer, contenders: readonly Contender[], order: Order): Promise<readonly Measured[]> {
  const measured = contenders.map((contender) => ({ ...contender, rounds: [] as Round[] }));
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    // Forth and back, so that none always follows the same one.
    for (const each of round % 2 === 0 ? measured : measured.toReversed()) {
      const result = await oneRound(load, each, order);
      if (round >= 0) each.rounds.push(result);
    }
  }
  return measured;
}

async function oneRound(load: Peer, { name, port, path, peer }: Contender, order: Order): Promise<Round> {
  const before = await peer?.ask<CpuReading>("cpu");
  const result = await load.ask<LoadResult>({ ...order, port, path, ms: ROUND_MS } satisfies LoadOrder);
  const after = await peer?.ask<CpuReading>("cpu");
  if (result.not200 > 0) throw new Error(`${name}: ${result.not200} of ${result.answered} answers were not 200`);
  return {
    requestsPerSecond: result.answered / result.seconds,
    cpuMicrosPerRequest: before && after ? (after.cpuMicros - before.cpuMicros) / result.answered : 0,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}

export function medianOf({ rounds }: Measured, field: keyof Round): number {
  return median(rounds.map((round) => round[field]));
}

/** The median of what the rounds say one by one. */
export function ratioOf(above: Measured, below: Measured, field: keyof Round): number {
  return median(above.rounds.map((round, i) => round[field] / below.rounds[i]![field]));
}
