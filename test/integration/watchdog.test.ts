/** Each bundle under the real of-watchdog in http mode, behind an index.js like the official template's and behind our own. */
import assert from "node:assert/strict";
import { build } from "esbuild";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";

import { messageOf } from "#shared/core/errors.ts";
import { eventually } from "#test/support/eventually.ts";
import { testBroker, type TestServer } from "#test/support/nats-server.ts";
import { startWatchdog, watchdogProgram, type Watchdog } from "#test/support/watchdog.ts";

const skip = watchdogProgram ? false : "fwatchdog is not on PATH";
const ownIndex = join("dist", "services", "cli", "node22-template", "index.js");
const bundles = ["functions", "services"].flatMap((kind) =>
  readdirSync(join("dist", kind)).flatMap((name) => {
    const folder = join("dist", kind, name);
    return existsSync(join(folder, "handler.js")) ? [{ name, folder }] : [];
  }),
);

describe("under the real of-watchdog", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stock-index-"));
  const stockIndex = join(folder, "index.js");
  let bus: TestServer;
  /** A gateway that knows no function, and metrics without a sample. */
  const neighbour = createServer((request, response) => {
    response.end(request.url!.startsWith("/system/functions") ? "[]" : "");
  });

  before(async () => {
    bus = await testBroker();
    await new Promise<void>((resolve) => neighbour.listen(0, "127.0.0.1", resolve));
    await build({
      ...{ entryPoints: ["test/support/stock-index.ts"], outfile: stockIndex, bundle: true },
      ...{ platform: "node", format: "cjs", logLevel: "error" },
    });
  });
  after(async () => {
    await bus.close();
    neighbour.close();
    neighbour.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  const startBundle = async (
    t: TestContext,
    name: string,
    index: string,
    env: Readonly<Record<string, string>> = {},
  ) => {
    const url = `http://127.0.0.1:${(neighbour.address() as AddressInfo).port}`;
    const watchdog = await startWatchdog(t, {
      index,
      handler: bundles.find((one) => one.name === name)!.folder,
      env: {
        ...{ RAW_BODY: "true", NATS_URL: bus.url, OPENFAAS_URL: url, OPENFAAS_NAME: name },
        ...{ FUNCTION_METRICS_URL: `${url}/metrics`, CONTAINER_METRICS_URL: `${url}/metrics`, ...env },
      },
      secrets: {
        "replicant-key": "k",
        "nats-token": bus.token,
        "basic-auth-user": "admin",
        "basic-auth-password": "p",
      },
    });
    await eventually(async () => (await fetch(watchdog.url)).status === 200, {
      what: `${name} answers; ${watchdog.said()}`,
      timeoutMs: 20_000,
    });
    return watchdog;
  };

  for (const { name } of bundles) {
    test(`${name}: healthy, ready, counted, and gone in order with every call answered`, async (t) => {
      const watchdog = await startBundle(t, name, stockIndex);
      assert.equal(await (await fetch(`${watchdog.url}/_/health`)).text(), "OK");
      assert.equal((await fetch(`${watchdog.url}/_/ready`)).status, 200);
      const metrics = await (await fetch(watchdog.metricsUrl)).text();
      assert.match(metrics, /^http_requests_total\{code="200",method="get"\} \d+$/m);
      const { answered, lost } = await callsAroundTermination(watchdog);
      assert.deepEqual(lost, []);
      assert.ok(answered > 0);
      await endsInOrder(watchdog);
    });
  }

  for (const [kind, index] of [
    ["an index.js like the official template's", stockIndex],
    ["our own template", ownIndex],
  ] as const) {
    test(`stress behind ${kind}: limits, and a call in flight outlives SIGTERM`, async (t) => {
      const watchdog = await startBundle(t, "stress", index, { max_inflight: "1", exec_timeout: "2s" });
      const sleepFor = (ms: number) => fetch(watchdog.url, { method: "POST", body: JSON.stringify({ sleepMs: ms }) });
      const [first, second] = await Promise.all([sleepFor(300), sleepFor(300)]);
      assert.deepEqual([first.status, second.status].sort(), [200, 429]);
      assert.equal((await sleepFor(2_500)).status, 504);
      await eventually(async () => (await sleepFor(0)).status === 200);
      const inFlight = sleepFor(1_700);
      await eventually(async () =>
        /^http_requests_in_flight 1$/m.test(await (await fetch(watchdog.metricsUrl)).text()),
      );
      watchdog.terminate();
      const answer = await inFlight;
      assert.equal(answer.status, 200);
      assert.ok(((await answer.json()) as { wallMs: number }).wallMs >= 1_699);
      await endsInOrder(watchdog);
    });
  }

  test("a plain function behind our own template loses no call either", async (t) => {
    const handler = join(folder, "plain");
    mkdirSync(handler);
    writeFileSync(
      join(handler, "handler.js"),
      "module.exports = async (event) => { await new Promise((r) => setTimeout(r, Number(event.query.ms ?? 0))); return 'done'; };",
    );
    const watchdog = await startWatchdog(t, { index: ownIndex, handler });
    await eventually(async () => (await fetch(watchdog.url)).status === 200);
    const inFlight = fetch(`${watchdog.url}/?ms=1500`);
    await eventually(async () => /^http_requests_in_flight 1$/m.test(await (await fetch(watchdog.metricsUrl)).text()));
    watchdog.terminate();
    assert.equal(await (await inFlight).text(), "done");
    await endsInOrder(watchdog);
  });
});

/**
 * Calls without a pause, from before SIGTERM until the watchdog takes no more. What it took it must answer; a connection
 * that it closes unread, as its last deed, it did not take.
 */
async function callsAroundTermination(watchdog: Watchdog): Promise<{ answered: number; lost: string[] }> {
  let answered = 0;
  let unread = 0;
  const lost: string[] = [];
  for (let call = 0; ; call++) {
    if (call === 5) watchdog.terminate();
    try {
      const { status } = await fetch(watchdog.url, { headers: { Connection: "close" } });
      if (unread > 0) lost.push(`${unread} connections closed before this call`);
      unread = 0;
      if (status === 200) answered++;
      else lost.push(`HTTP ${status}`);
    } catch (thrown) {
      if ((thrown as { cause?: { code?: string } }).cause?.code === "ECONNREFUSED") return { answered, lost };
      if (++unread > 20) return { answered, lost: [...lost, messageOf(thrown)] };
    }
  }
}

async function endsInOrder(watchdog: Watchdog): Promise<void> {
  assert.equal(await watchdog.ended, 0, watchdog.said());
  assert.doesNotMatch(watchdog.said(), /Forked function has terminated|could not close cleanly/);
  assert.match(watchdog.said(), /Exiting\. Active connections: 0/);
}
