/** Scraped metrics from page to number: what a page does not show becomes an absence, with a sentence. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { scrapedSource } from "#services/metrics-collector/scraped-source.ts";

const F = 'function_name="f.openfaas-fn"';
const about = {
  ...{ functionName: "f", namespace: "openfaas-fn" },
  replicas: { desiredReplicas: 4, availableReplicas: 4 },
  sloSeconds: 3,
};

/** Looks every `everySeconds` at what `page` says, and reports the windows that end and of all ticks. */
async function lookAt(
  page: (seconds: number) => string,
  { untilSeconds, windowSeconds = 30, everySeconds = 2 }: Record<string, number> & { untilSeconds: number },
) {
  let seconds = 0;
  const scrape = async () => ({ functionMetrics: page(seconds), containerMetrics: null });
  const source = scrapedSource({ endpoint: { scrape }, timeLapse: 1 });
  const seen = [];
  for (; seconds <= untilSeconds; seconds += everySeconds) {
    const ends = seconds > 0 && seconds % windowSeconds === 0;
    const look = await source.look(
      {
        ...{ atMs: seconds * 1_000, sinceMs: Math.max(0, seconds - everySeconds) * 1_000 },
        window: ends ? { seq: seconds / windowSeconds, windowSeconds } : null,
      },
      [about],
    );
    seen.push({ seconds, tick: look.tick(about), window: look.window(about), problems: look.problems });
  }
  return seen;
}

const processPage = (seconds: number) =>
  `gateway_service_count{${F}} 4\nprocess_start_time_seconds 1000\nprocess_cpu_seconds_total ${seconds}\n`;
const countedPage = (count: number) =>
  `gateway_function_invocation_started{${F}} ${count}\ngateway_function_invocation_total{${F},code="200"} ${count}\n`;

describe("scraped source", () => {
  for (const { name, count } of [
    {
      name: "one sample too high",
      count: (seconds: number) => 1_000_000 + 10 * seconds + (seconds === 40 ? 5_000 : 0),
    },
    { name: "a fall for good", count: (seconds: number) => 1_000_000 + 10 * seconds - (seconds >= 40 ? 5_000 : 0) },
  ]) {
    for (const windowSeconds of [30, 120]) {
      test(`${name}, of the same process, is no reset: nothing is counted across it, in windows of ${windowSeconds} s`, async () => {
        const seen = await lookAt((seconds) => countedPage(count(seconds)) + processPage(seconds), {
          ...{ untilSeconds: 480, windowSeconds },
        });
        const arrivals = seen.flatMap(({ window }) => (window === null ? [] : [window.arrivals]));
        assert.ok(arrivals.includes(null), "it is an absence");
        assert.deepEqual(
          [...new Set(arrivals)].filter((one) => one !== null),
          [10 * windowSeconds],
        );
        assert.equal(arrivals.at(-1), 10 * windowSeconds);
        const highest = Math.max(...seen.map(({ tick }) => tick.arrivals ?? 0));
        assert.ok(highest <= 5_020, `a tick said ${highest}`);
      });
    }
  }

  test("a full store: a function that it has no room for is unknown, never idle, and it is said", async () => {
    const buckets = Array.from({ length: 80 }, (_, le) => le);
    const others = Array.from({ length: 1_250 }, (_, i) =>
      buckets
        .map((le) => `gateway_functions_seconds_bucket{function_name="o${i}.openfaas-fn",le="${le}"} 1\n`)
        .join(""),
    ).join("");
    const seen = await lookAt(
      (seconds) => others + (seconds >= 30 ? countedPage(10 * seconds) : "") + processPage(seconds),
      { untilSeconds: 90, everySeconds: 30 },
    );
    assert.deepEqual(
      seen.slice(1).map(({ tick, window }) => [window!.arrivals, window!.inFlightMax, tick.arrivals, tick.inFlight]),
      Array.from({ length: 3 }, () => [null, null, null, null]),
    );
    assert.match(seen.at(-1)!.problems.join(), /have 3 series more than are kept, 'gateway_/);
  });

  test("an edge that comes while the histogram counts says nothing about the window in which it comes, and all from the next on", async () => {
    const bucket = (le: string, count: number) =>
      `gateway_functions_seconds_bucket{${F},code="200",le="${le}"} ${count}\n`;
    // Ten requests a second; eight of them take up to 2.5 s, the ninth 2.8 s, the tenth 4 s.
    const page = (seconds: number) => {
      const since = 40;
      const edge = seconds >= since ? bucket("3", 8 * since + 9 * (seconds - since)) : "";
      const own = bucket("2.5", 8 * seconds) + edge + bucket("5", 10 * seconds) + bucket("+Inf", 10 * seconds);
      return own + countedPage(10 * seconds) + processPage(seconds);
    };
    const seen = await lookAt(page, { untilSeconds: 90 });
    const late = seen.flatMap(({ window }) => (window === null ? [] : [window.late]));
    const because = "interpolated between the buckets of 2.5 and 5 s";
    assert.deepEqual(
      late.map(({ share, because }) => ({ share: Math.round(share! * 1_000) / 1_000, because })),
      [
        { share: 0.16, because },
        { share: 0.16, because },
        { share: 0.1, because: null },
      ],
    );
    assert.deepEqual(
      seen.flatMap(({ problems }) => problems),
      [],
    );
  });
});
