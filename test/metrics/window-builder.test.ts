import assert from "node:assert/strict";
import { test } from "node:test";

import { parseExposition } from "#shared/metrics/exposition.ts";
import { CONTAINER_SOURCE, GATEWAY_SOURCE } from "#shared/metrics/reading.ts";
import { SampleStore } from "#shared/metrics/store.ts";
import { buildTick, buildWindow, type WindowSpec } from "#shared/metrics/window-builder.ts";

const F = 'function_name="stress.openfaas-fn"';
const POD = (pod: string) => `namespace="openfaas-fn",pod="${pod}",container="stress"`;

interface Said {
  readonly started?: number;
  readonly ended?: Readonly<Record<string, number>>;
  /** Cumulative counts at 0.1, 1 and +Inf, and the sum of seconds; code 200. */
  readonly took?: readonly [number, number, number, number];
  readonly desired?: number;
  readonly ready?: number;
}

function gatewayText({ started, ended, took, desired = 2, ready }: Said): string {
  const lines = [
    `gateway_service_count{${F}} ${desired}`,
    'gateway_service_count{function_name="other.openfaas-fn"} 9',
  ];
  if (ready !== undefined) lines.push(`gateway_service_ready_count{${F}} ${ready}`);
  if (started !== undefined) lines.push(`gateway_function_invocation_started{${F}} ${started}`);
  for (const [code, n] of Object.entries(ended ?? {})) {
    lines.push(`gateway_function_invocation_total{${F},code="${code}"} ${n}`);
  }
  if (took) {
    [0.1, 1, "+Inf"].forEach((le, i) =>
      lines.push(`gateway_functions_seconds_bucket{${F},code="200",le="${le}"} ${took[i]}`),
    );
    lines.push(`gateway_functions_seconds_sum{${F},code="200"} ${took[3]}`);
    lines.push(`gateway_functions_seconds_count{${F},code="200"} ${took[2]}`);
  }
  return lines.join("\n");
}

function storeOf(scrapes: readonly (readonly [seconds: number, said: Said | null])[]): SampleStore {
  const store = new SampleStore();
  for (const [seconds, said] of scrapes) {
    if (said === null) store.appendFailure(GATEWAY_SOURCE, seconds * 1000);
    else store.append(GATEWAY_SOURCE, seconds * 1000, parseExposition(gatewayText(said)));
  }
  return store;
}

const spec = (over: Partial<WindowSpec> = {}): WindowSpec => ({
  functionName: "stress",
  namespace: "openfaas-fn",
  seq: 1,
  windowSeconds: 30,
  endedAtMs: 60_000,
  timeLapse: 1,
  mode: "exact",
  sloSeconds: 1,
  ...over,
});

test("window: exact differences of a busy window, with nothing said that was not measured", () => {
  const store = storeOf([
    [30, { started: 100, ended: { 200: 90 }, took: [50, 90, 90, 45] }],
    [45, { started: 125, ended: { 200: 95, 500: 1 }, took: [50, 95, 95, 50], ready: 1 }],
    [60, { started: 130, ended: { 200: 110, 500: 1, 429: 4, 504: 2, 404: 3 }, took: [50, 110, 110, 65], ready: 2 }],
  ]);
  const window = buildWindow(store, spec());
  assert.deepEqual(window, {
    functionName: "stress",
    namespace: "openfaas-fn",
    generation: "",
    seq: 1,
    windowSeconds: 30,
    endedAtMs: 60_000,
    timeLapse: 1,
    arrivals: 30,
    completedOk: 20,
    completedError: { "4xx": 3, "429": 4, "5xx": 1, "504": 2 },
    throughputRps: 20 / 30,
    executionSecondsMean: 1,
    latencySeconds: { p50: 0.55, p95: 0.955, p99: 0.991 },
    // Of twenty answered none took more than a second; ten failed.
    late: { share: 10 / 30, because: null },
    inFlightMean: (29 + 10) / 2,
    inFlightMax: 29,
    desiredReplicas: 2,
    availableReplicas: 2,
    cpuRatio: null,
    memoryRatio: null,
    metricAgeSeconds: 0,
    missing: ["cpuRatio", "memoryRatio"],
  });
});

test("window: time-lapse stretches durations; counts, replicas and rates per trace second stay", () => {
  const scrapes = [
    [30, { started: 100, ended: { 200: 90 }, took: [50, 90, 90, 45] }],
    [60, { started: 130, ended: { 200: 110 }, took: [50, 110, 110, 65] }],
  ] as const;
  const plain = buildWindow(storeOf(scrapes), spec());
  const lapsed = buildWindow(storeOf(scrapes), spec({ timeLapse: 10 }));
  assert.equal(lapsed.executionSecondsMean, plain.executionSecondsMean! * 10);
  assert.equal(lapsed.latencySeconds.p95, plain.latencySeconds.p95! * 10);
  for (const key of ["arrivals", "completedOk", "throughputRps", "inFlightMean", "desiredReplicas"] as const) {
    assert.equal(lapsed[key], plain[key], key);
  }
});

for (const { name, scrapes, missing } of [
  { name: "no scrape at the first edge", scrapes: [[60, { started: 9, ended: {} }]], missing: "arrivals" },
  {
    name: "no scrape near the last edge",
    scrapes: [
      [30, { started: 9 }],
      [40, { started: 12 }],
    ],
    missing: "arrivals",
  },
  {
    name: "the last scrape failed",
    scrapes: [
      [30, { started: 9 }],
      [45, { started: 12 }],
      [60, null],
    ],
    missing: "arrivals",
  },
  { name: "no scrape at all", scrapes: [], missing: "desiredReplicas" },
  {
    name: "nothing ended, so no latency",
    scrapes: [
      [30, { started: 9 }],
      [60, { started: 9 }],
    ],
    missing: "latencySeconds.p95",
  },
  {
    name: "no ready count in the community edition",
    scrapes: [
      [30, { started: 9 }],
      [60, { started: 9 }],
    ],
    missing: "availableReplicas",
  },
] satisfies { name: string; scrapes: [number, Said | null][]; missing: string }[]) {
  test(`window: ${name}: null and named`, () => {
    const window = buildWindow(storeOf(scrapes), spec());
    assert.ok(window.missing.includes(missing), window.missing.join());
  });
}

test("window: a function that the gateway lists and never called has 0 arrivals; an unknown one has none", () => {
  const store = storeOf([
    [30, {}],
    [60, {}],
  ]);
  const idle = buildWindow(store, spec());
  assert.deepEqual([idle.arrivals, idle.completedOk, idle.inFlightMax, idle.executionSecondsMean], [0, 0, 0, null]);
  const unknown = buildWindow(store, spec({ functionName: "nobody" }));
  assert.deepEqual([unknown.arrivals, unknown.completedOk, unknown.inFlightMax], [null, null, null]);
  const listed = spec({ functionName: "nobody", replicas: { desiredReplicas: 3, availableReplicas: null } });
  const told = buildWindow(store, listed);
  // A page with other functions' gauges and not this one's is not whole.
  assert.deepEqual([told.arrivals, told.desiredReplicas, told.availableReplicas], [null, 3, null]);
  const without = new SampleStore();
  for (const atMs of [30_000, 60_000]) without.append(GATEWAY_SOURCE, atMs, parseExposition("some_metric 1\n"));
  assert.equal(buildWindow(without, listed).arrivals, 0);
});

test("window: the first call of a code is not lost, and a restarted gateway loses nothing seen", () => {
  const store = storeOf([
    [30, { started: 100, ended: { 200: 100 } }],
    [45, { started: 110, ended: { 200: 109, 500: 1 } }],
    [50, { started: 1, ended: { 200: 1 } }],
    [60, { started: 5, ended: { 200: 4, 500: 1 } }],
  ]);
  const window = buildWindow(store, spec());
  assert.equal(window.arrivals, 15);
  assert.equal(window.completedOk, 13);
  assert.equal(window.completedError!["5xx"], 2);
});

test("window: what the platform's API told goes before the gauges", () => {
  const store = storeOf([
    [30, {}],
    [60, { desired: 2, ready: 1 }],
  ]);
  const told = buildWindow(store, spec({ replicas: { desiredReplicas: 4, availableReplicas: 3 } }));
  assert.deepEqual([told.desiredReplicas, told.availableReplicas], [4, 3]);
});

test("window: the bare function name is read where the gateway does not add the namespace", () => {
  const store = new SampleStore();
  for (const [ms, n] of [
    [30_000, 1],
    [60_000, 6],
  ] as const) {
    const text = `gateway_service_count{function_name="stress"} 1\ngateway_function_invocation_started{function_name="stress"} ${n}`;
    store.append(GATEWAY_SOURCE, ms, parseExposition(text));
  }
  assert.equal(buildWindow(store, spec()).arrivals, 5);
});

test("window: promql mode extrapolates, and one sample is not enough", () => {
  const said = (n: number) => ({ started: n, ended: { 200: n } });
  const steady = storeOf([31, 36, 41, 46, 51, 56].map((s, i) => [s, said(100 + 10 * i)] as const));
  const window = buildWindow(steady, spec({ mode: "promql" }));
  assert.equal(window.arrivals, 60);
  assert.equal(window.throughputRps, 2);
  assert.equal(window.metricAgeSeconds, 4);
  const young = buildWindow(storeOf([[56, said(3)]]), spec({ mode: "promql" }));
  assert.deepEqual([young.arrivals, young.completedOk], [null, null]);
});

function withContainers(lines: (seconds: number) => readonly string[]): SampleStore {
  const store = storeOf([
    [30, {}],
    [60, {}],
  ]);
  for (let s = 0; s <= 60; s += 15) {
    store.append(CONTAINER_SOURCE, s * 1000, parseExposition(lines(s).join("\n")));
  }
  return store;
}
const request = (pod: string, cores: number, bytes: number) => [
  `kube_pod_container_resource_requests{${POD(pod)},resource="cpu",unit="core"} ${cores}`,
  `kube_pod_container_resource_requests{${POD(pod)},resource="memory",unit="byte"} ${bytes}`,
];

for (const mode of ["exact", "promql"] as const) {
  test(`window: ${mode} CPU and memory are shares of the request, whatever the time-lapse`, () => {
    // Two replicas burn 0.05 and 0.1 cores of 0.1 requested. At time-lapse k the samples lie k times as far apart.
    const store = (k: number) =>
      withContainers((s) => [
        ...request("a", 0.1, 100),
        ...request("b", 0.1, 100),
        `container_cpu_usage_seconds_total{${POD("a")}} ${(50 + 0.05 * s) / k}`,
        `container_cpu_usage_seconds_total{${POD("b")}} ${(90 + 0.1 * s) / k}`,
        `container_memory_working_set_bytes{${POD("a")}} 40`,
        `container_memory_working_set_bytes{${POD("b")}} 80`,
      ]);
    for (const k of [1, 20]) {
      const window = buildWindow(store(k), spec({ mode, timeLapse: k }));
      assert.ok(Math.abs(window.cpuRatio! - 0.75) < 1e-9, `k ${k}: ${window.cpuRatio}`);
      assert.ok(Math.abs(window.memoryRatio! - 0.6) < 1e-9);
    }
  });
}

test("window: a replica born half-way counts half, one that died is not in the memory", () => {
  const store = withContainers((s) => [
    ...request("a", 0.1, 100),
    `container_cpu_usage_seconds_total{${POD("a")}} ${0.1 * s}`,
    ...(s >= 45
      ? [...request("b", 0.1, 100), `container_cpu_usage_seconds_total{${POD("b")}} ${0.04 * (s - 45)}`]
      : []),
    ...(s < 60 ? [`container_memory_working_set_bytes{${POD("a")}} 90`] : []),
    ...(s >= 45 ? [`container_memory_working_set_bytes{${POD("b")}} 20`] : []),
  ]);
  const window = buildWindow(store, spec());
  assert.ok(Math.abs(window.cpuRatio! - (0.1 * 30 + 0.04 * 15) / (0.1 * 45)) < 1e-9);
  assert.ok(Math.abs(window.memoryRatio! - 0.2) < 1e-9);
});

test("window: without a request there is no ratio, and other containers do not count", () => {
  const store = withContainers((s) => [
    `container_cpu_usage_seconds_total{${POD("a")}} ${s}`,
    `container_memory_working_set_bytes{${POD("a")}} 90`,
    ...request("a", 0.1, 100).map((line) => line.replace('container="stress"', 'container="sidecar"')),
  ]);
  const window = buildWindow(store, spec());
  assert.deepEqual([window.cpuRatio, window.memoryRatio], [null, null]);
});

test("tick: arrivals since the last tick, in-flight now; without a new scrape they are unknown", () => {
  const store = storeOf([
    [10, { started: 5, ended: { 200: 5 }, ready: 1 }],
    [12, { started: 9, ended: { 200: 6 }, ready: 1 }],
  ]);
  const at = (atMs: number, sinceMs: number) =>
    buildTick(store, { functionName: "stress", namespace: "openfaas-fn", atMs, sinceMs, timeLapse: 1 });
  assert.deepEqual(at(12_000, 10_000), {
    functionName: "stress",
    namespace: "openfaas-fn",
    generation: "",
    atMs: 12_000,
    timeLapse: 1,
    inFlight: 3,
    desiredReplicas: 2,
    availableReplicas: 1,
    arrivals: 4,
    metricAgeSeconds: 0,
  });
  assert.deepEqual([at(14_000, 12_000).arrivals, at(14_000, 12_000).inFlight], [null, null]);
  assert.equal(at(14_000, 12_000).metricAgeSeconds, 2);
  assert.equal(at(10_000, 8_000).arrivals, null);
});
