/** The body that makes the stress function do a request's work. */

/** How work becomes CPU time. */
export interface WorkOptions {
  /** CPU time of a request of work 1, seconds of trace time. */
  readonly meanCpuSeconds: number;
  readonly timeLapse: number;
}

/**
 * `{"cpuMs": …}` for a relative work. It is divided by the time-lapse, as all of real time is: then a request takes its
 * `meanCpuSeconds` of trace time, and the load on a replica, rate × work, is what the trace says.
 */
export function stressBody({ meanCpuSeconds, timeLapse }: WorkOptions): (work: number) => string {
  const meanMs = (meanCpuSeconds * 1_000) / timeLapse;
  return (work) => JSON.stringify({ cpuMs: Math.min(MAX_CPU_MS, Math.round(meanMs * work * 1_000) / 1_000) });
}

/** What the stress function accepts at most; heavier requests of a heavy-tailed trace are cut to it. */
const MAX_CPU_MS = 60_000;
