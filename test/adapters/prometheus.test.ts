/** The PromQL client and its expressions, against a server that says what a test wants said. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test, type TestContext } from "node:test";

import { prometheusClient } from "#shared/adapters/prometheus/client.ts";
import { prometheusContainers } from "#shared/adapters/prometheus/container-source.ts";
import { prometheusFunctions } from "#shared/adapters/prometheus/function-source.ts";
import { ServerTime } from "#shared/adapters/prometheus/server-time.ts";

interface Asked {
  readonly query: string;
  readonly time: string;
  readonly authorization: string | undefined;
  readonly path: string;
}

type Say = (asked: Asked) => { readonly status?: number; readonly body: unknown } | null;

/** A server in Prometheus's place; `null` from `say` means no answer. */
async function aServer(t: TestContext, say: Say) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const form = new URLSearchParams(text);
      const { authorization } = request.headers;
      const one = { query: form.get("query")!, time: form.get("time")!, authorization, path: request.url! };
      asked.push(one);
      const answer = say(one);
      if (answer === null) return;
      response.statusCode = answer.status ?? 200;
      response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

const vector = (...result: readonly { metric: Record<string, string>; value: string }[]) => ({
  body: {
    status: "success",
    data: { resultType: "vector", result: result.map(({ metric, value }) => ({ metric, value: [1, value] })) },
  },
});
const stress = { functionName: "stress", namespace: "openfaas-fn" };
const asked = { ...stress, replicas: null, sloSeconds: 3 };
const ofStress = { function_name: "stress.openfaas-fn" };
const instant = { atMs: 60_000, sinceMs: 58_000, window: { seq: 2, windowSeconds: 30 } };
const realTime = { timeLapse: 1, epochMs: 0 };

describe("prometheus client", () => {
  const token = "a-token-nobody-may-see";
  const refusals: readonly [string, ReturnType<Say>, RegExp][] = [
    ["a refused token", { status: 401, body: "no" }, /refused the credentials: HTTP 401$/],
    [
      "a refused query",
      { status: 400, body: { status: "error", errorType: "bad_data", error: "parse error" } },
      /refused a query: bad_data: parse error$/,
    ],
    [
      "something else at that address",
      { body: "<html>" },
      /gave no vector, HTTP 200: is it the address of a Prometheus\?$/,
    ],
    ["silence", null, /did not answer: timeout of 300ms exceeded$/],
  ];
  for (const [what, answer, sentence] of refusals) {
    test(`${what} is reported in one sentence, without the token`, async (t) => {
      const { url } = await aServer(t, () => answer);
      const client = prometheusClient({ url, token, timeoutMs: 300 });
      await assert.rejects(client.ask("up", 0), (error: Error) => {
        assert.match(error.message, sentence);
        assert.ok(error.message.startsWith(`Prometheus at ${url} `));
        assert.ok(!error.message.includes(token));
        return true;
      });
    });
  }

  test("sends the token, the instant in seconds, and keeps a path prefix", async (t) => {
    const { url, asked: heard } = await aServer(t, () => vector());
    await prometheusClient({ url: `${url}/prometheus/`, token, timeoutMs: 1_000 }).ask("up", 1_234_567);
    assert.deepEqual(heard, [
      { query: "up", time: "1234.567", authorization: `Bearer ${token}`, path: "/prometheus/api/v1/query" },
    ]);
  });

  test("credentials in the address are used and never spoken", async (t) => {
    const { url, asked: heard } = await aServer(t, () => ({ status: 403, body: "" }));
    const client = prometheusClient({ url: url.replace("//", "//me:hidden@"), timeoutMs: 1_000 });
    await assert.rejects(client.ask("up", 0), (error: Error) => !error.message.includes("hidden"));
    assert.equal(heard[0]!.authorization, `Basic ${Buffer.from("me:hidden").toString("base64")}`);
  });
});

describe("prometheus source", () => {
  const look = async (t: TestContext, say: Say, { traceTime = realTime, expected = [stress] } = {}) => {
    const server = await aServer(t, say);
    const client = prometheusClient({ url: server.url, timeoutMs: 1_000 });
    return { look: await prometheusFunctions(client, traceTime).look(instant, expected), ...server };
  };

  test("an empty answer is missing, never 0", async (t) => {
    const { look: seen } = await look(t, () => vector());
    const window = seen.window(asked)!;
    assert.equal(window.arrivals, null);
    assert.equal(window.completedOk, null);
    assert.equal(window.latencySeconds.p95, null);
    assert.equal(window.metricAgeSeconds, null);
    assert.equal(seen.tick(asked).inFlight, null);
    assert.deepEqual(seen.problems, []);
  });

  test("NaN is missing: nothing ended, so there is no mean and no quantile", async (t) => {
    const { look: seen } = await look(t, () => vector({ metric: ofStress, value: "NaN" }));
    const window = seen.window(asked)!;
    assert.equal(window.executionSecondsMean, null);
    assert.deepEqual(window.latencySeconds, { p50: null, p95: null, p99: null });
  });

  test("completions by code", async (t) => {
    const { look: seen } = await look(t, ({ query }) =>
      query.includes("by (function_name, code)")
        ? vector(
            ...["200", "302", "404", "429", "500", "502", "504"].map((code, i) => ({
              metric: { ...ofStress, code },
              value: String(i + 1),
            })),
          )
        : vector(),
    );
    const window = seen.window(asked)!;
    assert.equal(window.completedOk, 3);
    assert.deepEqual(window.completedError, { "4xx": 3, "429": 4, "5xx": 11, "504": 7 });
    assert.equal(window.throughputRps, 0.1);
  });

  describe("latencies", () => {
    const completed = (codes: Readonly<Record<string, string>>) =>
      vector(...Object.entries(codes).map(([code, value]) => ({ metric: { ...ofStress, code }, value })));
    /** Real seconds by edge, as Prometheus 3 writes some of them. */
    const buckets = (codes: Readonly<Record<string, readonly string[]>>) =>
      vector(
        ...Object.entries(codes).flatMap(([code, counts]) =>
          ["0.005", "0.01", "0.025", "0.05", "0.1", "0.15", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"].map(
            (le, i) => ({ metric: { ...ofStress, code, le }, value: counts[i] ?? counts.at(-1)! }),
          ),
        ),
      );
    const in20 = { ...asked, sloSeconds: 3 };
    const ok = ["0", "0", "0", "40", "60", "90", "98", "100"];
    const seenOf = async (t: TestContext, completions: ReturnType<Say>, latencies: ReturnType<Say>) => {
      const say: Say = ({ query }) =>
        query.includes("_bucket{") ? latencies : query.includes("by (function_name, code)") ? completions : vector();
      const { look: seen } = await look(t, say, { traceTime: { timeLapse: 20, epochMs: 0 } });
      return { ...seen.window(in20)!, fit: seen.sloFit(in20) };
    };

    test("the late share counts what failed, and is exact where the SLO has an edge; quantiles keep to the gateway's own", async (t) => {
      const completions = completed({ 200: "100", 500: "20", 429: "5" });
      const seen = await seenOf(t, completions, buckets({ 200: ok, 500: ["20"] }));
      assert.deepEqual(seen.late, { share: 35 / 125, because: null });
      assert.deepEqual(seen.fit, { kind: "exact" });
      // Of 120, the 60th is the last within 0.05 s; without the edge at 0.15 s the 114th lies in (0.1, 0.25].
      assert.equal(seen.latencySeconds.p50, 1);
      assert.equal(seen.latencySeconds.p95, 20 * (0.1 + 0.15 * (34 / 38)));
    });

    test("a bucket that is not known: neither is the share", async (t) => {
      const seen = await seenOf(t, completed({ 200: "100" }), buckets({ 200: [...ok.slice(0, 5), "NaN"] }));
      assert.deepEqual(seen.late, { share: null, because: "no latencies were measured" });
    });

    test("answered and no bucket: not measured; all refused at once: all late; nothing ended: no share", async (t) => {
      for (const { codes, late } of [
        { codes: { 200: "7" }, late: { share: null, because: "no latencies were measured" } },
        { codes: { 429: "7" }, late: { share: 1, because: null } },
        { codes: { 200: "0" }, late: { share: null, because: "nothing ended" } },
      ]) {
        const seen = await seenOf(t, completed(codes), vector());
        assert.deepEqual(seen.late, late);
        assert.equal(seen.fit, null);
      }
    });
  });

  test("all queries of an instant are evaluated at that instant; in time-lapse at its real time, over real ranges", async (t) => {
    const traceTime = { timeLapse: 10, epochMs: 50_000 };
    const say: Say = ({ query }) => vector({ metric: ofStress, value: query.includes("timestamp(") ? "50.9" : "2" });
    const { look: seen, asked: heard } = await look(t, say, { traceTime });
    assert.deepEqual([...new Set(heard.map(({ time }) => time))], ["51.000"]);
    assert.ok(
      heard.some(({ query }) => query.includes("gateway_function_invocation_started") && query.includes("[3000ms]")),
    );
    assert.equal(seen.window(asked)!.executionSecondsMean, 20);
    assert.equal(seen.window(asked)!.endedAtMs, 60_000);
  });

  test("the platform's own list goes before the gauges", async (t) => {
    const { look: seen } = await look(t, () => vector({ metric: ofStress, value: "2" }));
    const replicas = { desiredReplicas: 4, availableReplicas: null };
    const tick = seen.tick({ ...asked, replicas });
    assert.equal(tick.desiredReplicas, 4);
    assert.equal(tick.availableReplicas, 2);
  });

  test("one query that fails leaves the others, and is reported once", async (t) => {
    const { look: seen } = await look(t, ({ query }) =>
      query.includes("_bucket{")
        ? { status: 503, body: { status: "error", errorType: "timeout", error: "too slow" } }
        : vector({ metric: ofStress, value: query.includes("timestamp(") ? "59" : "7" }),
    );
    assert.equal(seen.window(asked)!.arrivals, 7);
    assert.equal(seen.window(asked)!.latencySeconds.p95, null);
    assert.equal(seen.problems.length, 1);
  });

  /** All is 7 at 60 s, but for what is said otherwise. */
  const seven =
    (other: (query: string) => ReturnType<Say> | undefined): Say =>
    ({ query }) =>
      other(query) ?? vector({ metric: ofStress, value: query.includes("timestamp(") ? "59" : "7" });

  for (const [name, other, says] of [
    [
      "samples that end in the first half of a window",
      (query: string) => (query.includes("timestamp(") ? vector({ metric: ofStress, value: "44.9" }) : undefined),
      /newest sample of 'stress' is 15 s old/,
    ],
    [
      "a page that does not change behind it",
      (query: string) => (query.includes("promhttp") ? vector({ metric: ofStress, value: "0" }) : undefined),
      /stand still behind Prometheus/,
    ],
    [
      "an answer in part",
      () => ({
        body: { status: "success", warnings: ["store 2 is away"], data: { resultType: "vector", result: [] } },
      }),
      /answered in part: store 2 is away/,
    ],
    [
      "samples that are none",
      () => ({ body: { status: "success", data: { resultType: "vector", result: [{}] } } }),
      /cannot be read/,
    ],
  ] as const) {
    test(`${name}: nothing is taken for measured, and it is said`, async (t) => {
      const { look: seen } = await look(t, seven(other));
      const window = seen.window(asked)!;
      const { arrivals, completedOk, inFlightMax, executionSecondsMean } = window;
      assert.deepEqual([arrivals, completedOk, inFlightMax, executionSecondsMean], [null, null, null, null]);
      assert.match(seen.problems.join(), says);
    });
  }

  test("one code that is NaN: neither is the sum known", async (t) => {
    const byCode = [
      { metric: { ...ofStress, code: "200" }, value: "5" },
      { metric: { ...ofStress, code: "500" }, value: "NaN" },
    ];
    const { look: seen } = await look(
      t,
      seven((query) => (query.includes("by (function_name, code)") ? vector(...byCode) : undefined)),
    );
    assert.equal(seen.window(asked)!.completedOk, null);
  });

  describe("of several gateways", () => {
    interface Gateway {
      up: number | null;
      startedSeconds: number | null;
      /** What it has of the function: a metric, and a status code after a space. */
      counters: string[];
    }
    const COUNTED = ["service_count", "function_invocation_started", "function_invocation_total 200"];
    const aGateway = (): Gateway => ({ up: 1, startedSeconds: 100, counters: [...COUNTED] });

    /** Answers as a Prometheus that scrapes these; asked anew after each `change`. */
    async function scraping(t: TestContext, gateways: Record<string, Gateway>) {
      const of = (value: (gateway: Gateway) => number | null) =>
        vector(
          ...Object.entries(gateways).flatMap(([instance, gateway]) => {
            const number = value(gateway);
            return number === null ? [] : [{ metric: { job: "g", instance }, value: String(number) }];
          }),
        );
      const { url } = await aServer(t, ({ query }) => {
        if (query.startsWith("count by (__name__")) {
          return vector(
            ...Object.entries(gateways).flatMap(([instance, { counters }]) =>
              counters.map((counter) => {
                const [name, code] = counter.split(" ");
                const metric = { ...ofStress, job: "g", instance, __name__: `gateway_${name!}`, ...(code && { code }) };
                return { metric, value: "1" };
              }),
            ),
          );
        }
        if (query.includes("(up{")) return of(({ up }) => up);
        if (query.includes("process_start_time_seconds")) return of(({ startedSeconds }) => startedSeconds);
        return vector({ metric: ofStress, value: query.includes("timestamp(") ? "59" : "7" });
      });
      const source = prometheusFunctions(prometheusClient({ url, timeoutMs: 1_000 }), realTime);
      return async (change: (gateways: Record<string, Gateway>) => void = () => {}) => {
        change(gateways);
        const look = await source.look(instant, [stress]);
        const [tick, window] = [look.tick(asked), look.window(asked)!];
        const numbers = [tick.inFlight, window.arrivals, window.inFlightMax, window.completedOk];
        assert.equal(new Set(numbers).size, 1, "ticks and windows agree");
        return { told: window.arrivals, problems: look.problems.join() };
      };
    }

    for (const { name, change, says } of [
      {
        name: "one that is scraped no more",
        change: (all: Record<string, Gateway>) => void (all["b"] = { up: 0, startedSeconds: null, counters: [] }),
        says: /'stress' that it had: the gateway 'b' that counts for it answers no scrape/,
      },
      {
        name: "one that lists, has counted nothing, and is scraped no more",
        change: (all: Record<string, Gateway>) => void (all["c"] = { up: 0, startedSeconds: null, counters: [] }),
        says: /the gateway 'c' that counts for it answers no scrape/,
      },
      {
        name: "what began, of one, without its process",
        change: (all: Record<string, Gateway>) => void all["b"]!.counters.splice(1, 1),
        says: /the process of 'b' that had what began lives on/,
      },
      {
        name: "what ended, of one code of one",
        change: (all: Record<string, Gateway>) => void all["b"]!.counters.splice(2, 1),
        says: /the process of 'b' that had what ended with 200 lives on/,
      },
      {
        name: "one code in place of another",
        change: (all: Record<string, Gateway>) => void all["b"]!.counters.splice(2, 1, "function_invocation_total 500"),
        says: /what ended with 200 lives on/,
      },
      {
        name: "all of one, which is a target still",
        change: (all: Record<string, Gateway>) => void (all["b"]!.counters = []),
        says: /the process of 'b'/,
      },
    ]) {
      test(`${name}: nothing is taken for measured, until it is back`, async (t) => {
        const look = await scraping(t, {
          ...{ a: aGateway(), b: aGateway() },
          c: { ...aGateway(), counters: ["service_count"] },
        });
        assert.deepEqual(await look(), { told: 7, problems: "" });
        for (let times = 0; times < 3; times++) {
          const { told, problems } = await look(times === 0 ? change : undefined);
          assert.equal(told, null);
          assert.match(problems, says);
        }
        const mended = await look((all) => {
          all["b"] = aGateway();
          all["b"].counters.push("function_invocation_total 500");
          all["c"] = aGateway();
        });
        assert.deepEqual(mended, { told: 7, problems: "" });
      });
    }

    for (const startedSeconds of [100, null]) {
      test(`one that was scaled away is forgotten with its target, where its process says ${startedSeconds}`, async (t) => {
        const a = { up: 1, startedSeconds, counters: ["service_count"] };
        const look = await scraping(t, { a, b: { ...aGateway(), startedSeconds } });
        assert.equal((await look()).told, 7);
        assert.equal(
          (await look(({ b }) => Object.assign(b!, { up: 0, startedSeconds: null, counters: [] }))).told,
          null,
        );
        assert.deepEqual(await look((all) => void delete all["b"]), { told: 7, problems: "" });
      });
    }

    test("one that began anew is missed while it is away, and has counted nothing then", async (t) => {
      const look = await scraping(t, { a: aGateway() });
      assert.equal((await look()).told, 7);
      assert.equal(
        (await look(({ a }) => Object.assign(a!, { up: 0, startedSeconds: null, counters: [] }))).told,
        null,
      );
      const again = { up: 1, startedSeconds: 1_000, counters: ["service_count"] };
      assert.equal((await look(({ a }) => Object.assign(a!, again))).told, 7);
    });

    test("one that does not say when it began may have begun anew: only what began is missed", async (t) => {
      const look = await scraping(t, { a: { ...aGateway(), startedSeconds: null } });
      assert.equal((await look()).told, 7);
      assert.equal((await look(({ a }) => void a!.counters.splice(2, 1))).told, 7);
      assert.equal((await look(({ a }) => void a!.counters.splice(1, 1))).told, null);
      assert.equal((await look(({ a }) => void a!.counters.push(COUNTED[1]!))).told, 7);
    });
  });

  test("what no count can be is missing in a tick, too", async (t) => {
    const { look: seen } = await look(t, ({ query }) => {
      if (query.includes("gateway_service_ready_count")) return vector({ metric: ofStress, value: "2.5" });
      return vector({ metric: ofStress, value: "3" });
    });
    const { availableReplicas, inFlight, desiredReplicas } = seen.tick(asked);
    assert.deepEqual([availableReplicas, inFlight, desiredReplicas], [null, 3, 3]);
  });

  describe("arrivals of a tick", () => {
    /** Ticks of a Prometheus that says so many were started by instance, and when it scraped last. */
    async function ticking(t: TestContext) {
      const says = { scrapedSeconds: 0, started: {} as Record<string, number> };
      const { url } = await aServer(t, ({ query }) => {
        if (query.startsWith("sum by (function_name, job, instance)")) {
          const metric = (instance: string) => ({ ...ofStress, job: "g", instance });
          return vector(
            ...Object.entries(says.started).map(([one, count]) => ({ metric: metric(one), value: `${count}` })),
          );
        }
        return query.includes("timestamp(") ? vector({ metric: ofStress, value: `${says.scrapedSeconds}` }) : vector();
      });
      const source = prometheusFunctions(prometheusClient({ url, timeoutMs: 1_000 }), realTime);
      return async (scrapedSeconds: number, started: Record<string, number>) => {
        Object.assign(says, { scrapedSeconds, started });
        return (await source.look({ ...instant, window: null }, [stress])).tick(asked).arrivals;
      };
    }

    test("are what the counters gained between scrapes, reported once; before a new scrape nothing was measured", async (t) => {
      const tick = await ticking(t);
      assert.equal(await tick(50, { a: 100 }), null, "from when on?");
      assert.equal(await tick(50, { a: 100 }), null, "no scrape came");
      assert.equal(await tick(65, { a: 130 }), 30);
      assert.equal(await tick(65, { a: 130 }), null);
      assert.equal(await tick(80, { a: 130 }), 0, "a scrape came, and nobody called");
      assert.equal(await tick(95, { a: 4 }), 4, "its process began anew");
    });

    test("of several gateways are their sum; of one that comes or goes the number is not known", async (t) => {
      const tick = await ticking(t);
      await tick(50, { a: 100, b: 7 });
      assert.equal(await tick(65, { a: 110, b: 9 }), 12);
      assert.equal(await tick(80, { a: 110, b: 9, c: 1_000_000 }), null);
      assert.equal(await tick(95, { a: 111, b: 9, c: 1_000_001 }), 2);
      assert.equal(await tick(110, { a: 111, b: 9 }), null);
      assert.equal(await tick(125, { a: 113, b: 9 }), 2);
    });
  });

  test("its own clock counts: what it is asked is evaluated by it, and after a step nothing is believed for a range", async (t) => {
    let seconds = 1_000;
    const { url, asked: heard } = await aServer(t, ({ query }) =>
      query === "vector(time())"
        ? vector({ metric: {}, value: String(seconds) })
        : vector({ metric: ofStress, value: query.includes("timestamp(") ? String(seconds) : "7" }),
    );
    const client = prometheusClient({ url, timeoutMs: 1_000 });
    let monotonicMs = 5;
    const source = prometheusFunctions(client, realTime, new ServerTime(client, () => monotonicMs));
    const arrivals = async (passedSeconds: number, setSeconds = 0) => {
      monotonicMs += passedSeconds * 1_000;
      seconds += passedSeconds + setSeconds;
      const seen = await source.look(instant, [stress]);
      return [seen.window(asked)!.arrivals, seen.problems.join()];
    };
    assert.deepEqual(await arrivals(0), [7, ""]);
    assert.equal(heard.at(-1)!.time, "1000.000");
    const [missing, why] = await arrivals(30, -60);
    assert.equal(missing, null);
    assert.match(String(why), /was set back by 60 s/);
    assert.equal((await arrivals(60))[0], null);
    assert.equal((await arrivals(31))[0], 7);
    assert.equal((await arrivals(30, 120))[0], null);
    assert.equal((await arrivals(31))[0], 7);
  });

  test("a name is matched literally", async (t) => {
    const odd = { functionName: 'a.b"c', namespace: "n" };
    const { asked: heard } = await look(t, () => vector(), { expected: [odd] });
    const named = heard.filter(({ query }) => !query.includes("(up{"));
    assert.ok(
      named.every(({ query }) => query.includes(String.raw`"a\\.b\"c\\.n|a\\.b\"c"`)),
      heard[0]!.query,
    );
  });

  test("nothing is asked while no function is known", async (t) => {
    const { asked: heard } = await look(t, () => vector(), { expected: [] });
    assert.equal(heard.length, 0);
  });

  test("containers are asked at the ends of windows only", async (t) => {
    const { url, asked: heard } = await aServer(t, () =>
      vector({ metric: { namespace: "openfaas-fn", container: "stress" }, value: "0.5" }),
    );
    const containers = prometheusContainers(prometheusClient({ url, timeoutMs: 1_000 }), realTime);
    const between = await containers.look({ ...instant, window: null }, [stress]);
    assert.deepEqual(between.ratios(stress), { cpuRatio: null, memoryRatio: null });
    assert.equal(heard.length, 0);
    const atEnd = await containers.look(instant, [stress]);
    assert.deepEqual(atEnd.ratios(stress), { cpuRatio: 0.5, memoryRatio: 0.5 });
    assert.deepEqual(atEnd.ratios({ ...stress, namespace: "other" }), { cpuRatio: null, memoryRatio: null });
  });
});
