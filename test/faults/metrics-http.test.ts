/** Metrics over real connections that fail in every way: the count is held, nothing hangs, and the loop goes on by itself afterwards. */
import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";

import { httpMetricsEndpoint } from "#shared/adapters/http-metrics.ts";
import { isDecidable } from "#shared/core/window.ts";
import { scrapedSource } from "#services/metrics-collector/scraped-source.ts";
import { record } from "#test/support/faults/figures.ts";
import { startLoop, WINDOW_SECONDS } from "#test/support/faults/loop.ts";
import type { MetricsWorld } from "#test/support/faults/metrics-world.ts";
import { planOf } from "#test/support/faults/plan.ts";
import { assertPromises, scaleDownsOnMissing } from "#test/support/faults/promises.ts";

/** What becomes of a scrape: all that is sent in place of the true page, or for ever nothing. */
type Answer = (response: ServerResponse, page: string) => void;

const SEED = "metrics-http-1";
const FAULT_WINDOWS = 3;
const MAX_RECOVERY_WINDOWS = 2;
/** No whole number, as at a time-lapse of 3: a deadline that Node refuses would be a page that never comes. */
const TIMEOUT_MS = 1_000 + 1 / 3;
const DRIP_MS = 50;

const FAULTS: Readonly<Record<string, Answer>> = {
  "500": (response, page) => void response.writeHead(500).end(page),
  "503 that asks for patience": (response) => void response.writeHead(503, { "Retry-After": "3600" }).end(),
  "401": (response, page) => void response.writeHead(401).end(page),
  "a redirect": (response) => void response.writeHead(302, { Location: "/metrics" }).end(),
  "204": (response) => void response.writeHead(204).end(),
  "no answer at all": () => {},
  "a head and no body": (response) => response.writeHead(200).flushHeaders(),
  "a page that drips": (response, page) => {
    const letters = page[Symbol.iterator]();
    const dripping = setInterval(() => {
      const { done, value } = letters.next();
      if (done || response.destroyed) return clearInterval(dripping);
      response.write(value);
    }, DRIP_MS);
  },
  "a connection that is reset": (response) => void response.socket!.resetAndDestroy(),
  "less than was promised": (response, page) => {
    response.writeHead(200, { "Content-Length": page.length });
    response.write(page.slice(0, page.length / 2), () => response.socket!.end());
  },
  "what is no HTTP": (response) => void response.socket!.end("SSH-2.0-OpenSSH_9.2\r\n"),
  "gzip that is none": (response, page) => void response.writeHead(200, { "Content-Encoding": "gzip" }).end(page),
  "gzip that is cut": (response, page) =>
    void response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(page).subarray(0, 40)),
};

test("metrics over HTTP: through every fault the count is held, and the next windows are measured", async (t) => {
  const { source, fail } = await servedOverHttp(t);
  const loop = await startLoop(t, { policy: "openfaas-pro", tickSeconds: 15, source });
  await loop.pass(6 * WINDOW_SECONDS);
  for (const name of planOf(SEED, Object.keys(FAULTS))) {
    const safe = loop.target.get("stress")!;
    const [window, decision, said] = [loop.windows.length, loop.applied.length, loop.said.length];
    fail(FAULTS[name]!);
    await loop.pass(FAULT_WINDOWS * WINDOW_SECONDS);
    const during = { windows: loop.windows.slice(window), applied: loop.applied.slice(decision) };
    assert.equal(during.windows.length, FAULT_WINDOWS, `${name}: windows went on`);
    assert.deepEqual(during.windows.filter(isDecidable), [], `${name}: something was taken for measured`);
    assertPromises(during, { safe });
    assert.equal(loop.target.get("stress"), safe, `${name}: the count is held`);
    assert.match(loop.collector.status().problems.join(), /the gateway's metrics|metrics of the gateway/, name);
    assert.ok(loop.said.length > said, `${name}: the log has a sentence`);

    fail(null);
    let recovery = 0;
    do {
      await loop.pass(WINDOW_SECONDS);
      recovery++;
    } while (!isDecidable(loop.windows.at(-1)!) && recovery <= MAX_RECOVERY_WINDOWS);
    assert.ok(recovery <= MAX_RECOVERY_WINDOWS, `${name}: ${loop.windows.at(-1)!.missing.join()} still missing`);
    assert.deepEqual(loop.collector.status().problems, [], name);
    record(import.meta.filename, {
      ...{ tried: 1, held: 1, recoveryWindows: recovery, scaleDownsOnMissing: scaleDownsOnMissing(during).length },
    });
  }
});

/** The world's pages on a server of this process, as the collector reads them in production. */
async function servedOverHttp(t: TestContext) {
  let served: MetricsWorld | null = null;
  let fault: Answer | null = null;
  const server = createServer((request, response) => {
    if (request.url === "/containers") return response.end(served!.containerPage);
    if (fault === null) return response.end(served!.truePage);
    fault(response, served!.truePage);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endpoint = httpMetricsEndpoint({
    ...{ functionMetricsUrl: `${url}/metrics`, containerMetricsUrl: `${url}/containers`, timeoutMs: TIMEOUT_MS },
  });
  return {
    source: (world: MetricsWorld) => {
      served = world;
      return scrapedSource({ endpoint, timeLapse: 1 });
    },
    fail: (answer: Answer | null) => (fault = answer),
  };
}
