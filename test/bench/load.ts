/** How well the load generator keeps its schedule: rate per window and lateness at 1 000 requests per second. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, startPeer, type Peer } from "./peer.ts";
import type { ReplayOrder, ReplayReading } from "./peer-replay.ts";
import type { Section } from "./section.ts";

const rps = 1_000;
const seconds = 8;

export const loadSection: Section = {
  name: `load: open loop, uniform gaps, ${rps} rps for ${seconds} s`,
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), "bench-"));
    const peers: Peer[] = [];
    try {
      const target = await startPeer(await bundle("peer-target", folder));
      peers.push(target);
      const generator = await startPeer(await bundle("peer-replay", folder));
      peers.push(generator);
      const order: ReplayOrder = { port: target.hello.port, rps, seconds };
      const reading = await generator.ask<ReplayReading>(order);
      if (reading.ok !== reading.scheduled) throw new Error(`${reading.ok} of ${reading.scheduled} answers were 200`);
      return [
        { what: "rate error, worst of 8 windows", value: reading.worstRateErrorPercent, unit: "%", note: "goal ≤ 1" },
        { what: "lateness p50", value: reading.latenessP50Ms, unit: "ms" },
        {
          what: "lateness p99",
          value: reading.latenessP99Ms,
          unit: "ms",
          note: "goal ≤ 10; a run is invalid above 50",
        },
        { what: "lateness max", value: reading.latenessMaxMs, unit: "ms" },
        { what: "event-loop delay p99", value: reading.eventLoopDelayP99Ms, unit: "ms" },
        { what: "CPU per request", value: reading.cpuMicrosPerRequest, unit: "µs" },
        { what: "planning and digesting 1 000 000 requests", value: reading.planMs, unit: "ms" },
      ];
    } finally {
      for (const peer of peers.reverse()) await peer.stop();
      await rm(folder, { recursive: true });
    }
  },
};
