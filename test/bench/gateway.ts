/** What the gateway's hop costs, beside the shortest proxy that node:http allows and beside no proxy at all. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CpuReading } from "./peer-cpu.ts";
import { bundle, startPeer, type Peer } from "./peer.ts";
import type { LoadOrder, LoadResult } from "./peer-load.ts";
import { median, type Row, type Section } from "./section.ts";

interface Round {
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Contender {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  /** The process whose CPU time counts. */
  readonly peer: Peer | undefined;
  readonly rounds: Round[];
}

/** Short rounds and many of them: what else the machine does comes in bursts longer than one. */
const roundMs = 250;
const rounds = 7;

/** Interleaved rounds in one run: what else the machine does meets all contenders alike. */
export const gatewaySection: Section = {
  name: "gateway: one hop, 16 kept connections, closed loop",
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), "bench-"));
    const peers: Peer[] = [];
    const start = async (entry: string, ...args: string[]) => {
      const peer = await startPeer(await bundle(entry, folder), args);
      peers.push(peer);
      return peer;
    };
    try {
      const target = await start("peer-target");
      const bare = await start("peer-bare-proxy", String(target.hello.port));
      const gateway = await start("peer-gateway", String(target.hello.port));
      const load = await start("peer-load");
      const contenders: Contender[] = [
        { name: "direct", port: target.hello.port, path: "/", peer: undefined, rounds: [] },
        { name: "bare proxy", port: bare.hello.port, path: "/", peer: bare, rounds: [] },
        { name: "gateway", port: gateway.hello.port, path: "/function/target", peer: gateway, rounds: [] },
      ];
      const residentMb = async (peer: Peer) => (await peer.ask<CpuReading>("cpu")).residentBytes / 2 ** 20;
      const idleMb = await residentMb(gateway);
      const rows: Row[] = [];
      for (const { what, method, bodyBytes } of [
        { what: "GET", method: "GET", bodyBytes: 0 },
        { what: "POST 1 kB", method: "POST", bodyBytes: 1_024 },
      ] as const) {
        for (const each of contenders) each.rounds.length = 0;
        for (let round = -1; round < rounds; round++) {
          // Forth and back, so that none always follows the same one.
          for (const each of round % 2 === 0 ? contenders : contenders.toReversed()) {
            const result = await runRound(load, each, { method, bodyBytes });
            if (round >= 0) each.rounds.push(result);
          }
        }
        rows.push(...report(what, contenders));
      }
      rows.push(
        { what: "gateway before the load, resident", value: idleMb, unit: "MB" },
        { what: "gateway after the load, resident", value: await residentMb(gateway), unit: "MB", note: "goal ≤ 100" },
        { what: "bare proxy after the load, resident", value: await residentMb(bare), unit: "MB" },
      );
      return rows;
    } finally {
      for (const peer of peers.reverse()) await peer.stop();
      await rm(folder, { recursive: true });
    }
  },
};

async function runRound(
  load: Peer,
  { name, port, path, peer }: Contender,
  what: Pick<LoadOrder, "method" | "bodyBytes">,
): Promise<Round> {
  const before = await peer?.ask<CpuReading>("cpu");
  const order: LoadOrder = { port, path, ...what, connections: 16, ms: roundMs };
  const result = await load.ask<LoadResult>(order);
  const after = await peer?.ask<CpuReading>("cpu");
  if (result.not200 > 0) throw new Error(`${name}: ${result.not200} of ${result.answered} answers were not 200`);
  return {
    requestsPerSecond: result.answered / result.seconds,
    cpuMicrosPerRequest: before && after ? (after.cpuMicros - before.cpuMicros) / result.answered : 0,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}

function report(what: string, contenders: readonly Contender[]): Row[] {
  const of = (contender: Contender, field: keyof Round) => median(contender.rounds.map((round) => round[field]));
  const [, bare, gateway] = contenders as [Contender, Contender, Contender];
  const ratios = gateway.rounds.map((round, i) => round.requestsPerSecond / bare.rounds[i]!.requestsPerSecond);
  return [
    ...contenders.flatMap((each) => [
      { what: `${what}, ${each.name}`, value: of(each, "requestsPerSecond"), unit: "req/s" },
      { what: `${what}, ${each.name}, p50`, value: of(each, "p50Ms"), unit: "ms" },
      { what: `${what}, ${each.name}, p99`, value: of(each, "p99Ms"), unit: "ms" },
      ...(each.peer
        ? [{ what: `${what}, ${each.name}, CPU`, value: of(each, "cpuMicrosPerRequest"), unit: "µs/req" }]
        : []),
    ]),
    { what: `${what}, gateway ÷ bare proxy`, value: median(ratios), unit: "×", note: "goal ≥ 0.9; median of rounds" },
    {
      what: `${what}, CPU of bare proxy ÷ gateway`,
      value: of(bare, "cpuMicrosPerRequest") / of(gateway, "cpuMicrosPerRequest"),
      unit: "×",
      note: "goal ≥ 0.9",
    },
  ];
}
