/** The load generator's process: replays at a constant rate when asked, and tells how well it kept its schedule. */
import type { BinnedTrace } from "#shared/traces/trace.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import { startReplay } from "#shared/load/replay.ts";
import { scheduleDigest } from "#shared/load/schedule-file.ts";

export interface ReplayOrder {
  readonly port: number;
  readonly rps: number;
  readonly seconds: number;
}

export interface ReplayReading {
  readonly planMs: number;
  readonly worstRateErrorPercent: number;
  readonly latenessP50Ms: number;
  readonly latenessP99Ms: number;
  readonly latenessMaxMs: number;
  readonly eventLoopDelayP99Ms: number;
  readonly cpuMicrosPerRequest: number;
  readonly ok: number;
  readonly scheduled: number;
}

process.send!({ port: 0 });
process.on("message", (order: ReplayOrder) => void replay(order).then((reading) => process.send!(reading)));

async function replay({ port, rps, seconds }: ReplayOrder): Promise<ReplayReading> {
  const planStartMs = performance.now();
  const many: BinnedTrace = { kind: "binned", format: "counts-30s", name: "made", binSeconds: 30, counts: [1_000_000] };
  scheduleDigest(planSchedule(many, { seed: 1 }));
  const planMs = performance.now() - planStartMs;

  const trace: BinnedTrace = { ...many, binSeconds: 1, counts: new Array<number>(seconds).fill(rps) };
  const before = process.cpuUsage();
  const run = startReplay({
    runId: "bench",
    functionName: "target",
    schedule: planSchedule(trace, { seed: 1, windowSeconds: 1 }),
    url: `http://127.0.0.1:${port}/`,
    bodyOf: () => '{"cpuMs":0}',
  });
  const result = await run.finished;
  const { user, system } = process.cpuUsage(before);
  // By the instant of sending, without the grace that the run's own check allows.
  const sent = new Array<number>(seconds + 1).fill(0);
  for (const atMs of run.columns.sentMs) sent[Math.min(seconds, Math.floor(atMs / 1_000))]!++;
  const errors = sent.slice(0, seconds).map((count) => (100 * Math.abs(count - rps)) / rps);
  return {
    planMs,
    worstRateErrorPercent: Math.max(...errors),
    latenessP50Ms: result.latenessMs!.p50,
    latenessP99Ms: result.latenessMs!.p99,
    latenessMaxMs: result.latenessMs!.max,
    eventLoopDelayP99Ms: result.eventLoopDelayMs.p99,
    cpuMicrosPerRequest: (user + system) / result.totals.sent,
    ok: result.totals.ok,
    scheduled: result.totals.scheduled,
  };
}
