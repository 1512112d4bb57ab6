/** What a warm invocation costs when somebody else's gateway stands in front of the local provider. */
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { bundleSource, withPeers } from "./peer.ts";
import type { FrontCounts } from "./peer-front.ts";
import { inTurn, medianOf, ratioOf, type Contender, type Measured } from "./rounds.ts";
import type { Row, Section } from "./section.ts";

export const providerSection: Section = {
  name: "provider only: a warm POST of 1 kB to a real replica, closed loop, through a gateway in front",
  run: () =>
    withPeers(async (start, folder) => {
      const runtime = await bundleSource("services/local-openfaas/runtime/main.ts", folder);
      const provider = await start("peer-provider", await mkdtemp(join(folder, "home-")), runtime);
      const replicaPort = await provider.ask<number>("replica");
      const bare = await start("peer-bare-proxy", String(replicaPort));
      const front = await start("peer-front", String(provider.hello.port));
      const load = await start("peer-load");
      const contenders: Contender[] = [
        { name: "replica, direct", port: replicaPort, path: "/", peer: undefined },
        { name: "bare proxy", port: bare.hello.port, path: "/", peer: bare },
        { name: "provider's hop", port: provider.hello.port, path: "/function/echo.openfaas-fn", peer: provider },
        { name: "gateway in front", port: front.hello.port, path: "/function/echo", peer: provider },
      ];
      const rows: Row[] = [];
      for (const connections of [1, 16]) {
        const before = await front.ask<FrontCounts>("counts");
        const measured = await inTurn(load, contenders, { method: "POST", bodyBytes: 1_024, connections });
        const after = await front.ask<FrontCounts>("counts");
        const statusCalls = (after.statusCalls - before.statusCalls) / (after.calls - before.calls);
        rows.push(...report(`${connections} at a time`, measured, statusCalls));
      }
      return rows;
    }),
};

function report(what: string, contenders: readonly Measured[], statusCalls: number): Row[] {
  const [direct, bare, hop, front] = contenders as [Measured, Measured, Measured, Measured];
  const beside = (other: Measured, field: "p50Ms" | "cpuMicrosPerRequest") => ratioOf(front, other, field);
  return [
    ...contenders.map((each) => ({
      what: `${what}, ${each.name}, p50`,
      value: medianOf(each, "p50Ms"),
      unit: "ms",
      note: `${Math.round(medianOf(each, "requestsPerSecond"))} req/s`,
    })),
    { what: `${what}, status calls an invocation`, value: statusCalls, unit: "", note: "goal ≤ 1" },
    { what: `${what}, through the gateway ÷ direct, p50`, value: beside(direct, "p50Ms"), unit: "×" },
    { what: `${what}, provider's hop ÷ bare proxy, p50`, value: ratioOf(hop, bare, "p50Ms"), unit: "×" },
    {
      what: `${what}, CPU of the provider, its hop alone`,
      value: medianOf(hop, "cpuMicrosPerRequest"),
      unit: "µs/req",
      note: `a bare proxy's: ${medianOf(bare, "cpuMicrosPerRequest").toFixed(1)}`,
    },
    {
      what: `${what}, CPU of the provider, with status calls`,
      value: medianOf(front, "cpuMicrosPerRequest"),
      unit: "µs/req",
      note: `${beside(hop, "cpuMicrosPerRequest").toFixed(2)} × its hop alone`,
    },
  ];
}
