/** Burns CPU time, not wall time: a throttled or stopped process takes longer, as real work would. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** CPU time between two yields. */
const CHUNK_MS = 1;
/** Iterations between two looks at the CPU clock: some 20 µs, so that chunks end in time and looking costs little. */
const ITERATIONS_PER_LOOK = 5_000;

/**
 * Uses `cpuMs` of CPU and resolves with what it used, measured. Between chunks of 1 ms it lets others run: concurrent
 * calls share the CPU in turn, as requests do in the processor-sharing model of the simulator and in functions that
 * wait for IO in between, whereas one uninterrupted loop would serve them one after another and hide the queueing.
 */
export async function burnCpu(cpuMs: number): Promise<number> {
  let usedMs = 0;
  while (usedMs < cpuMs) {
    usedMs += burnChunk(Math.min(CHUNK_MS, cpuMs - usedMs));
    await nextTurn();
  }
  return usedMs;
}

/** Only what passes inside this uninterrupted call is counted, so other calls' work is not mistaken for ours. */
function burnChunk(chunkMs: number): number {
  const start = process.cpuUsage();
  for (;;) {
    spin(ITERATIONS_PER_LOOK);
    const { user, system } = process.cpuUsage(start);
    const usedMs = (user + system) / 1_000;
    if (usedMs >= chunkMs) return usedMs;
  }
}

/** Kept where the optimiser cannot tell that nobody reads it. */
let sink = 0;

function spin(iterations: number): void {
  let x = sink + 1;
  for (let i = 0; i < iterations; i++) x = (x * 1.000_000_1 + 1) % 1_000_003;
  sink = x;
}
