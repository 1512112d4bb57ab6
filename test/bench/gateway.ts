/** What the gateway's hop costs, beside the shortest proxy that node:http allows and beside no proxy at all. */
import type { CpuReading } from "./peer-cpu.ts";
import { withPeers, type Peer } from "./peer.ts";
import { inTurn, medianOf, ratioOf, type Contender, type Measured } from "./rounds.ts";
import type { Row, Section } from "./section.ts";

export const gatewaySection: Section = {
  name: "gateway: one hop, 16 kept connections, closed loop",
  run: () =>
    withPeers(async (start) => {
      const target = await start("peer-target");
      const bare = await start("peer-bare-proxy", String(target.hello.port));
      const gateway = await start("peer-gateway", String(target.hello.port));
      const load = await start("peer-load");
      const contenders: Contender[] = [
        { name: "direct", port: target.hello.port, path: "/", peer: undefined },
        { name: "bare proxy", port: bare.hello.port, path: "/", peer: bare },
        { name: "gateway", port: gateway.hello.port, path: "/function/target", peer: gateway },
      ];
      const residentMb = async (peer: Peer) => (await peer.ask<CpuReading>("cpu")).residentBytes / 2 ** 20;
      const idleMb = await residentMb(gateway);
      const rows: Row[] = [];
      for (const { what, method, bodyBytes } of [
        { what: "GET", method: "GET", bodyBytes: 0 },
        { what: "POST 1 kB", method: "POST", bodyBytes: 1_024 },
      ] as const) {
        rows.push(...report(what, await inTurn(load, contenders, { method, bodyBytes, connections: 16 })));
      }
      rows.push(
        { what: "gateway before the load, resident", value: idleMb, unit: "MB" },
        { what: "gateway after the load, resident", value: await residentMb(gateway), unit: "MB", note: "goal ≤ 100" },
        { what: "bare proxy after the load, resident", value: await residentMb(bare), unit: "MB" },
      );
      return rows;
    }),
};

function report(what: string, contenders: readonly Measured[]): Row[] {
  const [, bare, gateway] = contenders as [Measured, Measured, Measured];
  return [
    ...contenders.flatMap((each) => [
      { what: `${what}, ${each.name}`, value: medianOf(each, "requestsPerSecond"), unit: "req/s" },
      { what: `${what}, ${each.name}, p50`, value: medianOf(each, "p50Ms"), unit: "ms" },
      { what: `${what}, ${each.name}, p99`, value: medianOf(each, "p99Ms"), unit: "ms" },
      ...(each.peer
        ? [{ what: `${what}, ${each.name}, CPU`, value: medianOf(each, "cpuMicrosPerRequest"), unit: "µs/req" }]
        : []),
    ]),
    {
      what: `${what}, gateway ÷ bare proxy`,
      value: ratioOf(gateway, bare, "requestsPerSecond"),
      unit: "×",
      note: "goal ≥ 0.9; median of rounds",
    },
    {
      what: `${what}, CPU of bare proxy ÷ gateway`,
      value: medianOf(bare, "cpuMicrosPerRequest") / medianOf(gateway, "cpuMicrosPerRequest"),
      unit: "×",
      note: "goal ≥ 0.9",
    },
  ];
}
