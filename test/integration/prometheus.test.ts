/** The same run measured twice: by the collector's own scraper, and by PromQL from a real Prometheus. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { parse } from "yaml";

import { httpMetricsEndpoint } from "#shared/adapters/http-metrics.ts";
import { prometheusClient } from "#shared/adapters/prometheus/client.ts";
import { prometheusContainers } from "#shared/adapters/prometheus/container-source.ts";
import { prometheusFunctions } from "#shared/adapters/prometheus/function-source.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import type { Instant, Look, MetricsSource } from "#shared/ports/metrics-source.ts";
import { eventually } from "#test/support/eventually.ts";
import { startTestPlatform } from "#test/support/platform.ts";
import { findPrometheus, startPrometheus } from "#test/support/prometheus.ts";
import { withContainers } from "#services/metrics-collector/other-containers.ts";
import { scrapedSource } from "#services/metrics-collector/scraped-source.ts";

const program = findPrometheus();
const skip = program ? false : "no `prometheus` on PATH";
const DEPLOY = join(import.meta.dirname, "../../shared/deploy/prometheus");

const WINDOW_SECONDS = 5;
const WINDOWS = 4;
const realTime = { timeLapse: 1, epochMs: 0 };
const work = { functionName: "work", namespace: "openfaas-fn" };
// Some of its calls take longer, and the gateway has an edge there.
const asked = { ...work, replicas: null, sloSeconds: 0.05 };

/** Works for a few milliseconds of CPU; every tenth call fails. */
const HANDLER = `let n = 0; module.exports = async (event, context) => {
  const until = Date.now() + 4; while (Date.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 20 + 10 * (n % 7)));
  return context.status(n++ % 10 === 9 ? 500 : 200).succeed("done");
};`;

const ended = (endedAtMs: number, seq: number): Instant => ({
  atMs: endedAtMs,
  sinceMs: endedAtMs - 1_000,
  window: { seq, windowSeconds: WINDOW_SECONDS },
});

/** Calls the function at a steady rate until `signal` aborts. */
async function load(url: string, everyMs: number, signal: AbortSignal): Promise<void> {
  const calls: Promise<unknown>[] = [];
  for (let dueMs = Date.now(); !signal.aborted; dueMs += everyMs) {
    await systemClock.sleep(dueMs - Date.now(), signal);
    calls.push(
      fetch(`${url}/function/work`).then(
        (answer) => answer.text(),
        () => null,
      ),
    );
  }
  await Promise.all(calls);
}

function both(platform: { readonly metricsUrl: string }, prometheusUrl: string) {
  const client = prometheusClient({ url: prometheusUrl, timeoutMs: 5_000 });
  const scraped = scrapedSource({
    endpoint: httpMetricsEndpoint({
      functionMetricsUrl: `${platform.metricsUrl}/metrics`,
      containerMetricsUrl: `${platform.metricsUrl}/containers/metrics`,
      timeoutMs: 2_000,
    }),
    timeLapse: 1,
  });
  const asking = withContainers(prometheusFunctions(client, realTime), prometheusContainers(client, realTime));
  return { scraped, asking };
}

/** A gateway's page in which `ratePerSecond` calls were begun and ended; none fails any more after a restart. */
async function aCounting(t: TestContext, ratePerSecond: number) {
  const F = 'function_name="work.openfaas-fn"';
  let startedMs = Date.now();
  let fails = true;
  let scrapes = 0;
  let frozen: string | null = null;
  const gateway = {
    url: "",
    fault: null as "frozen" | "away" | "without a code" | "without what began" | null,
    restart: () => {
      startedMs = Date.now() + 3_000;
      fails = false;
    },
  };
  const page = () => {
    const count = Math.max(0, Math.floor(((Date.now() - startedMs) / 1_000) * ratePerSecond));
    const counted = count > 0 && gateway.fault !== "without what began";
    return [
      `gateway_service_count{${F}} 1`,
      ...(counted ? [`gateway_function_invocation_started{${F}} ${count + 5}`] : []),
      ...(counted ? [`gateway_function_invocation_total{${F},code="200"} ${count}`] : []),
      ...(fails && gateway.fault !== "without a code" ? [`gateway_function_invocation_total{${F},code="500"} 5`] : []),
      `process_start_time_seconds ${startedMs / 1_000}`,
      `promhttp_metric_handler_requests_total{code="200"} ${++scrapes}`,
      "",
    ].join("\n");
  };
  const server = createServer((_request, response) => {
    if (gateway.fault === "away") return void response.writeHead(503).end();
    if (gateway.fault !== "frozen") frozen = null;
    else frozen ??= page();
    response.setHeader("content-type", "text/plain; version=0.0.4").end(frozen ?? page());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  gateway.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  return gateway;
}

/** A platform with one function, and a Prometheus that scrapes it every second. */
async function aPlatform(t: TestContext) {
  const { platform, deploy } = await startTestPlatform(t);
  await deploy("work", HANDLER, { requests: { cpu: "500m", memory: "128Mi" } });
  const prometheus = await startPrometheus(
    t,
    program!,
    { gateway: `${platform.metricsUrl}/metrics`, containers: `${platform.metricsUrl}/containers/metrics` },
    { rules: join(DEPLOY, "rules.yml") },
  );
  return { platform, prometheus, ...both(platform, prometheus.url) };
}

describe("prometheus", { skip }, () => {
  test("PromQL and the direct scraper agree on a run within 2 %", async (t) => {
    const { platform, prometheus, scraped, asking } = await aPlatform(t);
    const loading = new AbortController();
    // No divisor of the second at which both look, so that each of their samples meets the calls at another moment.
    const loaded = load(platform.url, 37, loading.signal);
    t.after(() => loading.abort());
    // Both are to look at the same instants: windows end when Prometheus scrapes.
    await prometheus.lastScrapeMs("gateway");
    await systemClock.sleep(2_000);
    const firstEdgeMs = (await prometheus.lastScrapeMs("gateway")) + 1_000;
    const edgesMs = Array.from({ length: WINDOWS + 1 }, (_, i) => firstEdgeMs + i * WINDOW_SECONDS * 1_000);

    const direct: MetricsWindow[] = [];
    for (let atMs = firstEdgeMs; atMs <= edgesMs.at(-1)!; atMs += 1_000) {
      await systemClock.sleep(atMs - Date.now());
      const seq = edgesMs.indexOf(atMs);
      const look = await scraped.look(seq > 0 ? ended(atMs, seq) : { ...ended(atMs, 0), window: null }, [work]);
      const window = look.window(asked);
      if (window) direct.push(window);
    }
    loading.abort();
    await loaded;
    await systemClock.sleep(1_500);
    const told = await Promise.all(
      edgesMs.slice(1).map(async (atMs, i) => (await asking.look(ended(atMs, i + 1), [work])).window(asked)!),
    );

    assert.equal(direct.length, WINDOWS);
    const sum = (windows: readonly MetricsWindow[], of: (window: MetricsWindow) => number | null) =>
      windows.reduce((all, window) => all + of(window)!, 0);
    const agree = (what: string, of: (window: MetricsWindow) => number | null, within: number) => {
      const [one, other] = [sum(direct, of), sum(told, of)];
      assert.ok(one > 0, `${what}: nothing was measured`);
      assert.ok(Math.abs(other - one) <= within * one, `${what}: scraped ${one}, PromQL ${other}`);
      t.diagnostic(`${what}: scraped ${one.toFixed(3)}, PromQL ${other.toFixed(3)}`);
    };
    agree("arrivals", ({ arrivals }) => arrivals, 0.02);
    agree("throughput", ({ throughputRps }) => throughputRps, 0.02);
    agree("failures", ({ completedError }) => completedError!["5xx"], 0.1);
    agree("execution time", ({ executionSecondsMean }) => executionSecondsMean, 0.05);
    agree("p95", ({ latencySeconds }) => latencySeconds.p95, 0.1);
    agree("late share", ({ late }) => late.share, 0.1);
    agree("in flight", ({ inFlightMean }) => inFlightMean, 0.5);
    agree("cpu", ({ cpuRatio }) => cpuRatio, 0.25);
    agree("memory", ({ memoryRatio }) => memoryRatio, 0.25);
    for (const [i, { arrivals, desiredReplicas, availableReplicas, missing }] of told.entries()) {
      assert.deepEqual(missing, []);
      assert.deepEqual([desiredReplicas, availableReplicas], [1, 1]);
      // A single window may differ by what came in the milliseconds between the two scrapes of its edges.
      assert.ok(Math.abs(arrivals! - direct[i]!.arrivals!) <= 6, `window ${i}: ${direct[i]!.arrivals}, ${arrivals}`);
    }
  });

  test("never called is a measured 0; unknown and gone are missing", async (t) => {
    const { platform, prometheus, asking } = await aPlatform(t);
    await prometheus.lastScrapeMs("gateway");
    const lookNow = (source: MetricsSource) => source.look(ended(Date.now(), 1), [work, unknown]);
    const unknown = { functionName: "nobody", namespace: "openfaas-fn" };
    const seen = (await eventually(async () => {
      const look = await lookNow(asking);
      // What a counter gained takes two scrapes to know; what was in flight, one look between them.
      return look.window(asked)!.inFlightMax !== null && look;
    })) as Look;
    assert.deepEqual(seen.problems, []);
    const window = seen.window(asked)!;
    assert.equal(window.arrivals, 0);
    assert.equal(window.completedOk, 0);
    assert.equal(window.inFlightMax, 0);
    assert.equal(window.latencySeconds.p95, null);
    assert.ok(window.metricAgeSeconds! < 5);
    const nobody = seen.window({ ...unknown, replicas: null, sloSeconds: 0.05 })!;
    assert.equal(nobody.arrivals, null);
    assert.equal(nobody.inFlightMean, null);
    assert.equal(nobody.desiredReplicas, null);
    await platform.close();
    await eventually(async () => (await lookNow(asking)).tick(asked).inFlight === null, { what: "the target is gone" });
    const gone = (await lookNow(asking)).window(asked)!;
    assert.equal(gone.desiredReplicas, null);
    assert.equal(gone.metricAgeSeconds, null);
  });

  test("two gateways: one that is scraped no more, does not change, or lacks a counter leaves no half of the load", async (t) => {
    const [a, b] = [await aCounting(t, 25), await aCounting(t, 75)];
    const prometheus = await startPrometheus(t, program!, { a: a.url, b: b.url }, { scrapeMs: 200 });
    const source = prometheusFunctions(prometheusClient({ url: prometheus.url, timeoutMs: 5_000 }), realTime);
    const seconds = 2;
    const lookNow = async () => {
      const atMs = Date.now();
      const instant = { atMs, sinceMs: atMs - 1_000, window: { seq: 1, windowSeconds: seconds } };
      const look = await source.look(instant, [work]);
      return { arrivals: look.window(asked)!.arrivals, problems: look.problems.join() };
    };
    const whole = async () => {
      const { arrivals, problems } = await lookNow();
      return problems === "" && arrivals !== null && arrivals > 160 && arrivals < 240;
    };
    await eventually(whole, { timeoutMs: 20_000, what: "both are counted" });
    for (const [fault, says] of [
      ["frozen", /stand still behind Prometheus/],
      ["away", /answers no scrape/],
      ["without a code", /what ended with 500 lives on/],
      ["without what began", /what began lives on/],
    ] as const) {
      b.fault = fault;
      await eventually(async () => says.test((await lookNow()).problems), { timeoutMs: 20_000, what: fault });
      // For several scrapes.
      for (const untilMs = Date.now() + 1_000; Date.now() < untilMs;) {
        assert.equal((await lookNow()).arrivals, null, fault);
      }
      b.fault = null;
      await eventually(whole, { timeoutMs: 20_000, what: `after ${fault}` });
    }
    b.restart();
    await eventually(whole, { timeoutMs: 20_000, what: "after a restart" });
  });

  test("the recording rules evaluate on a real platform's metrics", async (t) => {
    const { platform, prometheus } = await aPlatform(t);
    await fetch(`${platform.url}/function/work`).then((answer) => answer.text());
    await eventually(
      async () => {
        const { data } = (await prometheus.get("/api/v1/rules")) as {
          data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
        };
        const rules = data.groups.flatMap((group) => group.rules);
        assert.equal(rules.length, 7);
        return rules.every(({ health }) => health === "ok");
      },
      { timeoutMs: 30_000, what: "all rules healthy" },
    );
    const query = encodeURIComponent("replicant:function_in_flight:sum");
    const inFlight = await eventually(async () => {
      const { data } = (await prometheus.get(`/api/v1/query?query=${query}`)) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return data.result.find(({ metric }) => metric["function_name"] === "work.openfaas-fn");
    });
    assert.equal(inFlight!.value[1], "0");
  });
});

const promtool = spawnSync("promtool", ["--version"]).error ? "no `promtool` on PATH" : false;
test("promtool accepts the shipped configuration and rules", { skip: promtool }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // The checker looks for the files that a pod would find.
  for (const file of ["token", "ca.crt"]) writeFileSync(join(folder, file), "");
  const text = readFileSync(join(DEPLOY, "prometheus.yml"), "utf8").replaceAll(
    "/var/run/secrets/kubernetes.io/serviceaccount",
    folder,
  );
  const config = parse(text) as { scrape_configs: Record<string, unknown>[] };
  writeFileSync(join(folder, "rules.yml"), readFileSync(join(DEPLOY, "rules.yml")));
  const check = (shown: string) => {
    writeFileSync(join(folder, "prometheus.yml"), shown);
    return spawnSync("promtool", ["check", "config", join(folder, "prometheus.yml")], { encoding: "utf8" });
  };
  const whole = check(text);
  if (whole.stderr.includes("field kubernetes_sd_configs not found")) {
    // Debian builds Prometheus without the discovery in Kubernetes: then everything but that is checked.
    for (const job of config.scrape_configs) delete job["kubernetes_sd_configs"];
    const rest = check(JSON.stringify(config));
    assert.equal(rest.status, 0, rest.stderr);
  } else assert.equal(whole.status, 0, whole.stderr);
  assert.match(
    execFileSync("promtool", ["check", "rules", join(folder, "rules.yml")], { encoding: "utf8" }),
    /7 rules/,
  );
});
