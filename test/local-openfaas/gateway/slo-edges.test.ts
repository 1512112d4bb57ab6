/** Edges of the latency histogram at the SLOs of managed functions. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "node:test";

import { edgeText } from "#services/local-openfaas/gateway/metrics/exposition.ts";
import { bucketBoundsSeconds, FunctionMeter, Tally } from "#services/local-openfaas/gateway/metrics/meter.ts";
import { startTestGateway } from "#test/support/gateway.ts";

const DEFAULTS = [...bucketBoundsSeconds.map(String), "+Inf"];
const managed = (sloSeconds: string) => ({
  annotations: { "replicant.mode": "auto", "replicant.slo.seconds": sloSeconds },
});

/** The edges of one function's histogram, in the page's order, and what lies at or below each. */
async function histogramOf(metricsUrl: string, functionName: string): Promise<Map<string, number>> {
  const page = await (await fetch(`${metricsUrl}/metrics`)).text();
  const line = new RegExp(
    `^gateway_functions_seconds_bucket{le="([^"]+)",function_name="${functionName}\\.[^}]*} (\\d+)$`,
    "gm",
  );
  return new Map([...page.matchAll(line)].map(([, le, count]) => [le!, Number(count)] as const));
}

describe("a bound that is added to a histogram", () => {
  const seconds = fc.array(fc.double({ min: 0, max: 20, noNaN: true }));
  test("no count that was read ever falls, and what comes after it is counted exactly", () => {
    fc.assert(
      fc.property(seconds, seconds, fc.double({ min: 0.001, max: 30, noNaN: true }), (before, after, bound) => {
        const tally = new Tally(bucketBoundsSeconds);
        for (const value of before) tally.add(value);
        const read = cumulative(tally);
        tally.addBound(bound);
        const readAgain = cumulative(tally);
        for (const [edge, count] of read) assert.equal(readAgain.get(edge), count);
        for (const value of after) tally.add(value);
        const now = cumulative(tally);
        for (const [edge, count] of now) {
          assert.equal(count - readAgain.get(edge)!, after.filter((value) => value <= edge).length);
        }
        const inOrder = [...now.values()];
        assert.deepEqual(
          inOrder,
          [...inOrder].sort((a, b) => a - b),
        );
        assert.equal(tally.count, before.length + after.length);
      }),
    );
  });

  test("under the default bounds alone it is as if it had never been added", () => {
    fc.assert(
      fc.property(seconds, fc.double({ min: 0.001, max: 30, noNaN: true }), (values, bound) => {
        const [plain, parted] = [new Tally(bucketBoundsSeconds), new Tally(bucketBoundsSeconds)];
        parted.addBound(bound);
        for (const value of values) for (const tally of [plain, parted]) tally.add(value);
        assert.deepEqual(parted.countsWithin(bucketBoundsSeconds), plain.counts);
      }),
    );
  });

  test("an SLO that is changed again and again does not make a page without end", () => {
    const meter = new FunctionMeter();
    for (let i = 1; i <= 100; i++) meter.addBound(i * 1.01);
    meter.begin();
    meter.end(200, 0.3);
    assert.equal(meter.byCode.get(200)!.bounds.length, FunctionMeter.maxBounds);
  });

  function cumulative(tally: Tally): Map<number, number> {
    let count = 0;
    return new Map([...tally.bounds, Infinity].map((edge, i) => [edge, (count += tally.counts[i]!)]));
  }
});

describe("the gateway's histogram", () => {
  for (const { name, timeLapse, sloSeconds, edges } of [
    { name: "has an edge at the SLO", sloSeconds: "3", edges: DEFAULTS.toSpliced(9, 0, "3") },
    {
      name: "in time-lapse, where the SLO is over",
      timeLapse: 20,
      sloSeconds: "3",
      edges: DEFAULTS.toSpliced(5, 0, "0.15"),
    },
    { name: "none beside one that it has", sloSeconds: "2.5", edges: DEFAULTS },
    { name: "beyond its last one, too", sloSeconds: "15", edges: DEFAULTS.toSpliced(11, 0, "15") },
  ]) {
    test(name, async (t) => {
      const { url, metricsUrl, deploy } = await startTestGateway(t, { timeLapse });
      await deploy("echo", managed(sloSeconds));
      await deploy("plain");
      for (const one of ["echo", "plain"]) await (await fetch(`${url}/function/${one}`)).text();
      assert.deepEqual([...(await histogramOf(metricsUrl, "echo")).keys()], edges);
      assert.deepEqual([...(await histogramOf(metricsUrl, "plain")).keys()], DEFAULTS);
    });
  }

  test("with another SLO it has one edge more, and keeps what it has counted", async (t) => {
    const { url, metricsUrl, deploy, provider } = await startTestGateway(t);
    await deploy("echo", managed("3"));
    await (await fetch(`${url}/function/echo`)).text();
    const before = await histogramOf(metricsUrl, "echo");
    await provider.update({ service: "echo", image: "example/echo:1", ...managed("4") });
    const after = await histogramOf(metricsUrl, "echo");
    assert.deepEqual([...after.keys()], DEFAULTS.toSpliced(9, 0, "3", "4"));
    for (const [le, count] of before) assert.equal(after.get(le), count);
  });

  test("edges are written as Go's client library writes them", () => {
    const written = [0.005, 0.15, 1, 3, 10, 0.0001, 0.00005, 0.0000005, 0.000125 / 3].map(edgeText);
    assert.deepEqual(written, ["0.005", "0.15", "1", "3", "10", "0.0001", "5e-05", "5e-07", "4.1666666666666665e-05"]);
  });
});
