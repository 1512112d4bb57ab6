/** Metrics under the gateway's names, on a port of their own. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "node:test";
import { bucketBoundsSeconds, FunctionMeter, Tally } from "#services/local-openfaas/gateway/metrics/meter.ts";
import { startTestGateway } from "#test/support/gateway.ts";

test("metrics: a histogram puts every value under the first bound that is not below it", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), (values) => {
      const tally = new Tally(bucketBoundsSeconds);
      for (const value of values) tally.add(value);
      let cumulated = 0;
      bucketBoundsSeconds.forEach((bound, i) => {
        cumulated += tally.counts[i]!;
        assert.equal(cumulated, values.filter((value) => value <= bound).length);
      });
      assert.equal(tally.count, values.length);
      assert.equal(cumulated + tally.counts[bucketBoundsSeconds.length]!, values.length);
    }),
  );
});

test("metrics: what began and did not end is in flight", () => {
  const meter = new FunctionMeter();
  meter.begin();
  meter.begin();
  meter.begin();
  meter.end(200, 0.1);
  meter.end(502, 0.2);
  assert.deepEqual([meter.started, meter.inFlight, meter.ended], [3, 1, 2]);
  assert.deepEqual([...meter.byCode.keys()], [200, 502]);
});

test("metrics: the page holds the gateway's series and ours, desired and ready apart", async (t) => {
  const { url, metricsUrl, deploy, provider } = await startTestGateway(t);
  await deploy("echo", { labels: { "com.openfaas.scale.min": "2" } });
  await (await fetch(`${url}/function/echo`)).text();
  await provider.crash(provider.get("echo")!.replicas[0]!);
  provider.scale("echo", 5);
  const response = await fetch(`${metricsUrl}/metrics`);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of [
    "# TYPE gateway_function_invocation_total counter",
    'gateway_function_invocation_total{function_name="echo.openfaas-fn",code="200"} 1',
    "# TYPE gateway_functions_seconds histogram",
    'gateway_functions_seconds_bucket{le="+Inf",function_name="echo.openfaas-fn",code="200"} 1',
    'gateway_functions_seconds_count{function_name="echo.openfaas-fn",code="200"} 1',
    "# TYPE gateway_function_invocation_started counter",
    'gateway_function_invocation_started{function_name="echo.openfaas-fn"} 1',
    'gateway_function_invocation_inflight{function_name="echo.openfaas-fn"} 0',
    "# TYPE gateway_service_count gauge",
    'gateway_service_count{function_name="echo.openfaas-fn"} 5',
    'gateway_cold_starts_total{function_name="echo.openfaas-fn"} 0',
    'gateway_cold_start_seconds_count{function_name="echo.openfaas-fn"} 0',
  ]) {
    assert.ok(text.split("\n").includes(line), `${line}\nis not in\n${text}`);
  }
  for (const bound of bucketBoundsSeconds)
    assert.match(text, new RegExp(`gateway_functions_seconds_bucket\\{le="${bound}",`));
  assert.match(text, /gateway_service_ready_count\{function_name="echo.openfaas-fn"\} \d/);
});

test("metrics: the process's own metrics change without any call, and are at the page's end", async (t) => {
  const { metricsUrl } = await startTestGateway(t);
  const page = async () => (await (await fetch(`${metricsUrl}/metrics`)).text()).trimEnd().split("\n");
  const [first, second] = [await page(), await page()];
  assert.notDeepEqual(first, second);
  assert.match(first.at(-1)!, /^promhttp_metric_handler_requests_total\{code="200"\} 1$/);
  assert.match(second.at(-1)!, /^promhttp_metric_handler_requests_total\{code="200"\} 2$/);
  const started = first.find((line) => line.startsWith("process_start_time_seconds "));
  assert.ok(Math.abs(Number(started!.split(" ")[1]) - performance.timeOrigin / 1_000) < 1, started);
});

test("metrics: a removed function keeps its counters and loses its replica counts", async (t) => {
  const { url, metricsUrl, deploy, provider } = await startTestGateway(t);
  await deploy("echo");
  await (await fetch(`${url}/function/echo`)).text();
  await provider.remove("echo");
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  assert.match(text, /gateway_function_invocation_total\{function_name="echo/);
  assert.doesNotMatch(text, /gateway_service_count\{/);
});

test("metrics: container metrics and health are beside them, and nothing else", async (t) => {
  const { metricsUrl } = await startTestGateway(t);
  assert.match(await (await fetch(`${metricsUrl}/containers/metrics`)).text(), /container_cpu_usage_seconds_total/);
  assert.equal(await (await fetch(`${metricsUrl}/healthz`)).text(), "OK");
  assert.equal((await fetch(`${metricsUrl}/system/functions`)).status, 404);
  assert.equal((await fetch(`${metricsUrl}/metrics`, { method: "POST" })).status, 405);
});
