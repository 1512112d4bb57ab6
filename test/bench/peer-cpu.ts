/** Lets a benchmark's process be asked what it has used. Apart from the other side, which bundles and starts. */

/** What a peer answers to the message `cpu`. */
export interface CpuReading {
  readonly cpuMicros: number;
  readonly residentBytes: number;
}

/** Lets this process be asked for its CPU time. */
export function answerCpu(): void {
  process.on("message", (message) => {
    if (message !== "cpu") return;
    const { user, system } = process.cpuUsage();
    process.send!({ cpuMicros: user + system, residentBytes: process.memoryUsage.rss() } satisfies CpuReading);
  });
}
