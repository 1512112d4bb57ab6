import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseExposition } from "#shared/metrics/exposition.ts";
import { ScrapeCheck } from "#shared/metrics/scrape-check.ts";

const GATEWAY = { of: "the gateway's metrics", mayBeEmpty: false };
const CALLS = 'gateway_function_invocation_started{function_name="f"}';

/** A check and a page every two seconds; `said` of each scrape, or the sentence it was refused with. */
function checking(options = GATEWAY) {
  const check = new ScrapeCheck(options);
  let atMs = 0;
  return (text: string) => {
    const scrape = check.check(text, parseExposition(text), (atMs += 2_000));
    if (scrape.kind === "refused") return scrape.because ?? "refused";
    return {
      said: scrape.samples.map(({ series, value }) => [series.name, value]),
      unusable: scrape.unusable.map(({ name }) => name),
      isRestart: scrape.isRestart,
      ...(scrape.rebased.size > 0 && { rebased: [...scrape.rebased] }),
    };
  };
}

const page = (calls: number | string, { scrapes = 0, started = 100 } = {}) =>
  `${CALLS} ${calls}\nprocess_start_time_seconds ${started}\npromhttp_metric_handler_requests_total ${scrapes}\n`;
const whole = (calls: number, isRestart = false) => ({
  said: [["gateway_function_invocation_started", calls]],
  unusable: [],
  isRestart,
});
const useless = { said: [], unusable: ["gateway_function_invocation_started"], isRestart: false };

const heardOf = (scrape: ReturnType<ReturnType<typeof checking>>) =>
  typeof scrape === "string" ? scrape : scrape.said.length;

describe("a scrape", () => {
  test("of an idle gateway is believed: its process moves", () => {
    const take = checking();
    for (let scrapes = 0; scrapes < 5; scrapes++) assert.deepEqual(take(page(7, { scrapes })), whole(7));
  });

  test("that stands still is refused at once, and told of when it goes on", () => {
    const take = checking();
    assert.deepEqual(take(page(7)), whole(7));
    assert.deepEqual([take(page(7)), take(page(7))], ["refused", "refused"]);
    assert.equal(take(page(7)), "the gateway's metrics stand still: the same page came 3 times after the first");
    // Counters that move where the process does not are no news either: somebody makes them up.
    assert.match(JSON.stringify(take(page(8))), /stand still/);
    assert.deepEqual(take(page(8, { scrapes: 1 })), whole(8));
  });

  test("without a word of a process is believed while anything moves, and says why it is not afterwards", () => {
    const take = checking();
    assert.deepEqual(take(`${CALLS} 1\n`), whole(1));
    assert.deepEqual(take(`${CALLS} 2\n`), whole(2));
    assert.match(
      JSON.stringify(take(`${CALLS} 2\n`)),
      /have no process_start_time_seconds or the like: idle or frozen/,
    );
  });

  for (const { name, text, because } of [
    { name: "empty", text: "", because: "are an empty page" },
    { name: "of comments alone", text: "# HELP a b\n", because: "are an empty page" },
    { name: "cut within a number", text: `${CALLS} 1`, because: "end in the middle of a line" },
    {
      name: "cut at a line's end",
      text: `${CALLS} 100\n`,
      because: "lack what their process says of itself: the page was cut",
    },
  ]) {
    test(`that is ${name} is refused, and the next whole one believed`, () => {
      const take = checking();
      take(page(100));
      assert.equal(take(text), `the gateway's metrics ${because}`);
      assert.deepEqual(take(page(101, { scrapes: 1 })), whole(101));
    });
  }

  for (const value of ["NaN", "+Inf", "-Inf", "-1"]) {
    test(`tells nothing of a series by ${value}`, () => {
      const take = checking();
      assert.deepEqual(take(page(value)), useless);
      assert.deepEqual(take(page(5, { scrapes: 1 })), whole(5));
    });
  }

  test("that says two things of one series tells nothing of it; the same twice is said once", () => {
    const take = checking();
    assert.deepEqual(take(`${CALLS} 5\n${page(6)}`), useless);
    assert.deepEqual(take(`${CALLS} 7\n${page(7, { scrapes: 1 })}`), whole(7));
  });

  test("in which a counter goes back tells nothing of it, unless its process began anew", () => {
    const take = checking();
    take(page(100));
    assert.deepEqual(take(page(5, { scrapes: 1 })), useless);
    assert.deepEqual(take(page(101, { scrapes: 2 })), whole(101));
    assert.deepEqual(take(page(5, { scrapes: 0, started: 200 })), whole(5, true));
    assert.deepEqual(take(page(6, { scrapes: 1, started: 200.5 })), whole(6));
  });

  test("in which a counter stays below what it was tells nothing of it, until it has counted on for a minute", () => {
    const take = checking();
    take(page(1e12));
    for (let scrapes = 1; scrapes <= 60; scrapes++) assert.deepEqual(take(page(0, { scrapes })), useless);
    const after = Array.from({ length: 40 }, (_, i) => take(page(5 + i, { scrapes: 61 + i })));
    assert.deepEqual(after[0], { ...whole(5), rebased: [`gateway_function_invocation_started{function_name="f"}`] });
    assert.deepEqual(after[1], whole(6));
    const again = checking();
    again(page(1e12));
    const counted = Array.from({ length: 40 }, (_, i) => again(page(5 + i, { scrapes: 1 + i })));
    assert.equal(
      counted.findIndex((one) => typeof one !== "string" && one.said.length > 0),
      30,
    );
  });

  test("of two processes in turn is not believed until one of them stays", () => {
    const take = checking();
    take(page(100, { scrapes: 1 }));
    assert.deepEqual(take(page(50, { scrapes: 1, started: 200 })), whole(50, true));
    for (let turn = 0; turn < 10; turn++) {
      const started = turn % 2 === 0 ? 100 : 200;
      assert.match(
        JSON.stringify(take(page(100 + turn, { scrapes: 2 + turn, started }))),
        /come from several processes in turn/,
      );
    }
    const after = Array.from({ length: 40 }, (_, i) => take(page(200 + i, { scrapes: 20 + i, started: 200 })));
    assert.ok(after.findIndex((one) => typeof one !== "string") > 20);
    assert.deepEqual(after.at(-1), whole(239));
  });

  test("of a process that began before the one heard (its clock was set back) is one of a new process", () => {
    const take = checking();
    take(page(100, { scrapes: 9 }));
    assert.deepEqual(take(page(1, { scrapes: 1, started: 40 })), whole(1, true));
    assert.deepEqual(take(page(2, { scrapes: 2, started: 40 })), whole(2));
  });

  test("of containers may be empty, and without a pulse where none runs", () => {
    const take = checking({ of: "the containers' metrics", mayBeEmpty: true });
    const used = 'container_cpu_usage_seconds_total{pod="a"} 5\n';
    const none = { said: [], unusable: [], isRestart: false };
    assert.deepEqual(take(""), none);
    assert.equal(heardOf(take(`${used}container_last_seen 1\n`)), 2);
    assert.equal(take(`${used}container_last_seen 1\n`), "refused");
    assert.deepEqual(take(""), none);
    assert.equal(heardOf(take(`${used}container_last_seen 2\n`)), 2);
  });
});
