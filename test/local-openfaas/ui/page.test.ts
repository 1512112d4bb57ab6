/** The page in a real Chromium, in front of a real platform under load. Skipped with one line where there is no Chromium. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { memoryBus } from "#test/support/memory-bus.ts";
import { eventually as within, type EventuallyOptions } from "#test/support/eventually.ts";
import { startTestPlatform, type TestPlatform } from "#test/support/platform.ts";
import { freePort } from "#services/local-openfaas/bus/ports.ts";
import { openPage, withoutBrowser } from "#test/support/local-openfaas/browser.ts";
import { aClosedWindow, aDecision } from "#test/support/local-openfaas/decided.ts";
import { pageFolder } from "#test/support/local-openfaas/page-folder.ts";

const skip = withoutBrowser;

/** A browser on a busy machine takes its time. */
const eventually = <T>(condition: () => T | Promise<T>, options: EventuallyOptions) =>
  within(condition, { timeoutMs: 30_000, ...options });

const stressSource = `module.exports = async (event, context) => {
  await new Promise((resolve) => setTimeout(resolve, 30));
  return context.headers({ "Content-Type": "application/json" }).status(200)
    .succeed({ method: event.method, path: event.path, body: event.body, mark: event.headers["x-mark"] ?? null });
};`;
const managed = {
  annotations: { "replicant.mode": "auto", "replicant.policy": "openfaas-pro", "replicant.max": "12" },
};

async function start(
  t: TestContext,
  where: { home?: string; port?: number } = {},
): Promise<TestPlatform & { bus: ReturnType<typeof memoryBus> }> {
  const bus = memoryBus();
  t.after(() => bus.close());
  const uiFolder = await pageFolder();
  const events = { bus, description: "a bus for the test" };
  const started = await startTestPlatform(t, { uiFolder, events, ...where });
  await started.deploy("stress", stressSource, managed);
  return { ...started, bus };
}

/** Calls one after another, until it is stopped. */
function load(t: TestContext, url: string) {
  let stopped = false;
  const calling = (async () => {
    while (!stopped) await (await fetch(`${url}/function/stress`, { method: "POST", body: "x" })).text();
  })().catch(() => {}); // The platform closes first when the test fails.
  const stop = async () => {
    stopped = true;
    await calling;
  };
  t.after(stop);
  return { stop };
}

const cell = (page: Page, name: string, field: string) =>
  page
    .locator("#functions tr", { has: page.getByRole("button", { name, exact: true }) })
    .locator(`[data-field=${field}]`);
const text = async (page: Page, name: string, field: string) => (await cell(page, name, field).textContent()) ?? "";
const pixels = (page: Page) =>
  page.locator("#load-chart canvas").evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());

test("page: shows the platform's numbers, live, with no error and from this origin only", { skip }, async (t) => {
  const { platform, deploy, system } = await start(t);
  await deploy("quiet", stressSource);
  const { stop } = load(t, platform.url);
  const { page, problems, requested } = await openPage(t, platform);
  await eventually(async () => (await page.locator("#link-text").textContent()) === "live", { what: "live" });
  assert.equal(await page.locator("#detail-name").textContent(), "stress", "the managed function is chosen");

  await eventually(async () => /^[1-9]/.test(await text(page, "stress", "rate")), { what: "a rate" });
  await eventually(async () => / ms$/.test(await text(page, "stress", "p95")), { what: "a P95" });
  const before = { chart: await pixels(page), invocations: await text(page, "stress", "invocations") };
  await eventually(
    async () =>
      (await pixels(page)) !== before.chart && (await text(page, "stress", "invocations")) !== before.invocations,
    { what: "a chart that moves" },
  );

  await system("POST", "scale-function/stress", { serviceName: "stress", replicas: 3 });
  await eventually(async () => (await text(page, "stress", "replicas")) === "3/3", { what: "3/3" });
  assert.equal(await page.locator("#replicas tr").count(), 3);
  await stop();
  await eventually(
    async () => {
      const statuses = (await (await system("GET", "functions")).json()) as Status[];
      for (const { name, invocationCount, replicas, availableReplicas } of statuses) {
        assert.equal(await text(page, name, "invocations"), invocationCount.toLocaleString("en-GB"));
        assert.equal(await text(page, name, "replicas"), `${availableReplicas}/${replicas}`);
      }
      return statuses.length === 2;
    },
    { what: "the numbers of /system/functions" },
  );

  await page.getByRole("button", { name: "quiet", exact: true }).click();
  assert.equal(await page.locator("#detail-name").textContent(), "quiet");
  await page.reload();
  await eventually(async () => (await page.locator("#detail-name").textContent()) === "quiet", { what: "the choice" });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    requested.filter((url) => new URL(url).origin !== platform.url),
    [],
  );
});

interface Status {
  readonly name: string;
  readonly invocationCount: number;
  readonly replicas: number;
  readonly availableReplicas: number;
}

test("page: a decision appears with its reason and, opened, with every stage", { skip }, async (t) => {
  const { platform, bus } = await start(t);
  const { page, problems } = await openPage(t, platform);
  await page.waitForSelector("body:not(.waiting)");
  await eventually(async () => /none received yet/.test((await page.locator("#decisions-note").textContent()) ?? ""), {
    what: "the page saying that it has received no decision",
  });
  assert.equal(await page.locator("#bus").textContent(), "a bus for the test");
  await bus.publish(aClosedWindow(7, Date.now(), { arrivals: 1_234, timeLapse: 10 }));
  await bus.publish(aDecision(7, Date.now()));
  await bus.publish(
    aDecision(8, Date.now(), { current: 3, desired: 3, applied: null, reason: "3, kept: no reason to change" }),
  );
  await bus.publish(aDecision(9, Date.now(), { mode: "shadow", trigger: "floor", applied: null }));

  const rows = page.locator("#decisions li");
  await eventually(async () => (await rows.count()) === 3, { what: "three decisions" });
  assert.match((await rows.nth(0).textContent()) ?? "", /1 → 3openfaas-propanic floornot sent: shadow/);
  assert.match((await rows.nth(1).textContent()) ?? "", /3 kept.*no reason to change/);
  const scaled = rows.nth(2);
  assert.equal(await scaled.locator(".change").textContent(), "1 → 3");
  assert.equal(
    await scaled.locator(".reason").textContent(),
    "in-flight 12.4 ÷ target 2 (openfaas-pro); rate-limited from 7: at most 3 within 15 s",
  );
  assert.equal(await scaled.locator("table").isVisible(), false);
  await scaled.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.equal(await scaled.locator("table").isVisible(), true);
  const stages: string[] = [];
  for (const row of await scaled.locator("tbody tr").all()) {
    stages.push((await row.locator("th, td").allTextContents()).join("|"));
  }
  assert.deepEqual(stages, [
    "valid|1|",
    "proposed|7|in-flight 12.4 ÷ target 2",
    "floor|7|",
    "stabilised|7|",
    "rate-limited|3|rate-limited from 7: at most 3 within 15 s",
    "bounded|3|",
    "applied|3|",
  ]);
  assert.match((await scaled.textContent()) ?? "", /window 7: 1,234 arrivals/);
  assert.match((await page.locator("#window-note").textContent()) ?? "", /^7: 30 s until .*trace time \(× 10\)/);
  await page.reload();
  await eventually(async () => (await rows.count()) === 3, { what: "the same after a reload" });
  assert.deepEqual(problems, []);
});

test("page: shows what is used of the budget, and shows where that is too much", { skip }, async (t) => {
  const { platform, bus, deploy } = await start(t);
  await deploy("quiet", stressSource);
  const { page, problems } = await openPage(t, platform);
  const line = page.locator("#budget");
  const says = (words: string) =>
    eventually(async () => (await line.textContent())?.replaceAll("\u00a0", " ").trim() === words, { what: words });
  await says("SLO 95 % within 3 s: budget 5 %, use not measured");
  assert.equal(await text(page, "stress", "budget"), "–");
  await bus.publish(aClosedWindow(1, Date.now(), { late: { share: 0.031, because: null } }));
  await says("SLO 95 % within 3 s: 3.1 % of 5 % used in the last 30 s");
  assert.equal(await text(page, "stress", "budget"), "3.1 % of 5 %");
  assert.equal(await line.evaluate((node) => (node as unknown as Element).classList.contains("over")), false);
  const because = "interpolated between the buckets of 2.5 and 5 s";
  await bus.publish(aClosedWindow(2, Date.now(), { late: { share: 0.169, because } }));
  await says("SLO 95 % within 3 s: 10 % of 5 % used in the last 60 s");
  assert.equal(await line.evaluate((node) => (node as unknown as Element).classList.contains("over")), true);
  assert.match(
    (await page.locator("#window").textContent()) ?? "",
    /failed, or later than 3 s16\.9 %, interpolated between/,
  );
  await page.getByRole("button", { name: "quiet", exact: true }).click();
  assert.equal(await line.isVisible(), false, "a function that nobody manages has no budget");
  assert.deepEqual(problems, []);
});

interface Element {
  readonly classList: { contains(name: string): boolean };
}

test("page: the form invokes through the gateway and shows what came back", { skip }, async (t) => {
  const { platform, deploy } = await start(t);
  await deploy(
    "plain",
    `module.exports = async (event, context) => context.status(201).succeed("<b>" + event.body + "</b>");`,
  );
  const { page, problems } = await openPage(t, platform);
  const line = page.locator("#answer-line");
  const body = page.locator("#answer-body");
  await page.waitForSelector("body:not(.waiting)");

  await page.getByLabel("Path and query").fill("a/b?c=d");
  await page.getByLabel("Header", { exact: true }).fill("X-Mark: 17");
  await page.getByLabel("Body", { exact: true }).fill('{"hello": 1}');
  await page.getByRole("button", { name: "Invoke" }).click();
  await line.waitFor();
  assert.match(
    (await line.textContent()) ?? "",
    /^200 OK · [\d.]+ m?s · X-Call-Id [-\w]{36} · \d+ B · application\/json/,
  );
  const expected = { method: "POST", path: "/a/b", body: { hello: 1 }, mark: "17" };
  assert.deepEqual(JSON.parse((await body.textContent()) ?? ""), expected);
  await eventually(async () => (await text(page, "stress", "invocations")) === "1", { what: "the invocation counted" });

  await page.getByLabel("Method").selectOption("GET");
  assert.equal(await page.getByLabel("Body", { exact: true }).isDisabled(), true);
  await page.getByRole("radio", { name: "queue it" }).check();
  await page.getByRole("button", { name: "Invoke" }).click();
  await eventually(async () => (await line.textContent())?.startsWith("202 Accepted"), { what: "an accepted call" });
  await eventually(async () => (await text(page, "stress", "invocations")) === "2", { what: "the queued call done" });

  await page.getByRole("button", { name: "plain", exact: true }).click();
  assert.equal(await page.locator("#answer").isVisible(), false, "the answer of another function is put away");
  await page.getByRole("radio", { name: "wait for the answer" }).check();
  await page.getByLabel("Header", { exact: true }).fill("");
  await page.getByLabel("Content type").fill("text/plain");
  await page.getByLabel("Body", { exact: true }).fill("bold");
  await page.getByLabel("Body", { exact: true }).press("Control+Enter");
  await eventually(async () => (await line.textContent())?.startsWith("201"), { what: "the other function's answer" });
  assert.equal(await body.textContent(), "<b>bold</b>", "markup is shown, not made");
  await page.getByLabel("Header", { exact: true }).fill("no colon");
  await page.getByRole("button", { name: "Invoke" }).click();
  await eventually(async () => (await line.textContent())?.includes("was: 'no colon'"), { what: "a refused header" });
  assert.deepEqual(problems, []);
});

test("page: says that the connection is lost and comes back by itself", { skip }, async (t) => {
  const home = await mkdtemp(join(tmpdir(), "platform-"));
  const port = await freePort(null);
  const { platform } = await start(t, { home, port });
  const { page } = await openPage(t, platform);
  await page.waitForSelector("body:not(.waiting)");
  await platform.close();
  await eventually(async () => /^connection lost at/.test((await page.locator("#link-text").textContent()) ?? ""), {
    what: "that it is lost",
  });
  await startTestPlatform(t, { home, port, uiFolder: await pageFolder() });
  t.after(() => rm(home, { recursive: true }));
  await eventually(async () => (await page.locator("#link-text").textContent()) === "live", { what: "live again" });
  await eventually(async () => (await text(page, "stress", "replicas")) === "1/1", { what: "numbers again" });
  assert.match((await page.locator("#bus").textContent()) ?? "", /without a bus/);
});

test("page: fits a phone and a wide screen, in both colour schemes", { skip }, async (t) => {
  const { platform } = await start(t);
  const { page, problems } = await openPage(t, platform);
  await page.waitForSelector("#load-chart canvas");
  for (const width of [360, 900, 1600]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await eventually(() => page.evaluate("document.documentElement.scrollWidth <= innerWidth"), {
        what: `no sideways scrolling at ${width} px`,
      });
      await eventually(
        () =>
          page.evaluate(
            "Math.abs(document.querySelector('#load-chart .uplot').clientWidth - document.querySelector('#load-chart').clientWidth) <= 12",
          ),
        { what: `a chart as wide as its place at ${width} px` },
      );
    }
  }
  assert.deepEqual(problems, []);
});

test("page: works when it was opened by an address with credentials in it", { skip }, async (t) => {
  const { platform } = await start(t);
  const { page, problems } = await openPage(t, { ...platform, url: withCredentials(platform) });
  await eventually(async () => (await page.locator("#link-text").textContent()) === "live", { what: "live" });
  await page.waitForSelector("#load-chart canvas");
  assert.deepEqual(problems, []);
});

function withCredentials({ url, user, password }: TestPlatform["platform"]): string {
  const address = new URL(url);
  address.username = user;
  address.password = password;
  return address.href.replace(/\/$/, "");
}
