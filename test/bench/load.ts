/** How well the load generator keeps its schedule: rate per window and lateness at 1 000 requests per second. */
import { withPeers } from "./peer.ts";
import type { ReplayOrder, ReplayReading } from "./peer-replay.ts";
import { median, type Section } from "./section.ts";

const rps = 1_000;
const seconds = 3;
const rounds = 3;

export const loadSection: Section = {
  name: `load: open loop, uniform gaps, ${rps} rps for ${seconds} s, median of ${rounds} rounds`,
  run: () =>
    withPeers(async (start) => {
      const target = await start("peer-target");
      const generator = await start("peer-replay");
      const order: ReplayOrder = { port: target.hello.port, rps, seconds };
      const readings: ReplayReading[] = [];
      for (let round = 0; round < rounds; round++) {
        const reading = await generator.ask<ReplayReading>(order);
        if (reading.ok !== reading.scheduled) throw new Error(`${reading.ok} of ${reading.scheduled} answers were 200`);
        readings.push(reading);
      }
      const of = (field: keyof ReplayReading) => median(readings.map((reading) => reading[field]));
      return [
        { what: "rate error, worst window of 1 s", value: of("worstRateErrorPercent"), unit: "%", note: "goal ≤ 1" },
        { what: "lateness p50", value: of("latenessP50Ms"), unit: "ms" },
        { what: "lateness p99", value: of("latenessP99Ms"), unit: "ms", note: "goal ≤ 10; a run is invalid above 50" },
        { what: "lateness max", value: of("latenessMaxMs"), unit: "ms" },
        { what: "event-loop delay p99", value: of("eventLoopDelayP99Ms"), unit: "ms" },
        { what: "CPU per request", value: of("cpuMicrosPerRequest"), unit: "µs" },
        { what: "planning and digesting 1 000 000 requests", value: of("planMs"), unit: "ms" },
      ];
    }),
};
