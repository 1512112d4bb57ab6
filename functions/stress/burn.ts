/** Burns CPU time, not wall time: a throttled or stopped process takes longer, as real work would. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** CPU time between two yields. */
const CHUNK_MS = 1;
/** Iterations between two looks at the CPU clock: some 20 µs, so that chunks end in time and looking costs little. */
const ITERATIONS_PER_LOOK = 5_000;

/**
 * What lies between two chunks is at most as much: the event loop's own work, and HTTP's for the calls that come and go. More
 * than that was something else, such as health checks of an idle hour.
 */
const MAX_BETWEEN_MS = 1;

/** CPU time of the process up to which calls have been charged for it. */
let chargedMs = cpuTimeMs();

/**
 * Uses `cpuMs` of CPU and resolves with what was used, measured. Between chunks of 1 ms it lets others run: concurrent
 * calls share the CPU in turn, as requests do in the processor-sharing model of the simulator and in functions that
 * wait for IO in between, whereas one uninterrupted loop would serve them one after another and hide the queueing.
 *
 * Serving a call costs about 1.5 ms beside the chunks, in time-lapse no less than without. That is part of `cpuMs`: else a
 * call of 100 ms at a time-lapse of ten, which is to take 10, would be a seventh heavier than the load says.
 */
export async function burnCpu(cpuMs: number): Promise<number> {
  let usedMs = 0;
  while (usedMs < cpuMs) {
    usedMs += burnChunk(Math.min(CHUNK_MS, cpuMs - usedMs));
    await nextTurn();
  }
  return usedMs;
}

/** Charges what was used since the chunk before, whosever it was: chunks take turns, so each call has its share of it. */
function burnChunk(chunkMs: number): number {
  const startMs = Math.max(chargedMs, cpuTimeMs() - MAX_BETWEEN_MS);
  for (;;) {
    const nowMs = cpuTimeMs();
    if (nowMs - startMs >= chunkMs) {
      chargedMs = nowMs;
      return nowMs - startMs;
    }
    spin(ITERATIONS_PER_LOOK);
  }
}

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Kept where the optimiser cannot prove that it is never read. */
let sink = 0;

function spin(iterations: number): void {
  let x = sink + 1;
  for (let i = 0; i < iterations; i++) x = (x * 1.000_000_1 + 1) % 1_000_003;
  sink = x;
}
