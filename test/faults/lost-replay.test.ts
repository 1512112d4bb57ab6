/** A load generator that is killed in the middle of a replay: whoever waits for the run learns that nothing more will come. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { record } from "#test/support/faults/figures.ts";
import { commandLine } from "#test/support/command-line.ts";
import { eventually } from "#test/support/eventually.ts";
import { startTestStack } from "#test/support/local-stack.ts";
import { signedCall } from "#shared/live/signed-call.ts";
import { freePort } from "#services/local-openfaas/bus/ports.ts";

const TRACE = "traces/seed_request_count_raw_30s.json";
const LOAD = ["--trace", TRACE, "--from-window", "418", "--rate-scale", "0.1"];

/** Processes of a home's function, as the system sees them now. */
function pidsOf(home: string, functionName: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      const text = readFileSync(`/proc/${name}/environ`, "utf8");
      return text.includes(home) && text.includes(`OPENFAAS_NAME=${functionName}\0`) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

test("up says that the replay is lost, in one sentence, and exits with 1", async (t) => {
  const line = commandLine(t);
  const started = await line.start("up", "--port", "0", "--time-lapse", "10", "--windows", "60", ...LOAD);
  await eventually(() => started.said().includes("replaying "), { timeoutMs: 60_000, what: "a replay" });
  await eventually(() => /^\d\d:\d\d:\d\d /m.test(started.said()), { timeoutMs: 60_000, what: "a first window" });
  for (const pid of pidsOf(line.home, "load-generator")) process.kill(pid, "SIGKILL");
  const { code, stdout, stderr } = await started.ended;
  const said = stdout + stderr;
  assert.equal(code, 1, said);
  assert.match(said, /run '[0-9a-f]{12}-\d+' was lost: the load generator was started anew after it had begun/);
  assert.match(said, /the run is NOT valid: run '.*' was lost/);
  record(import.meta.filename, { tried: 1, held: 1 });
});

test("the bus is told by the generator that comes after, and no order to stop it is taken for done", async (t) => {
  const world = await startTestStack();
  t.after(() => world.close());
  const { gateway, key } = world.stack;
  const order = (body: object) => signedCall({ gateway, key }, "load-generator", body);
  const { body } = await order({ trace: Array.from({ length: 40 }, () => 10), timeLapse: 10 });
  const { runId } = JSON.parse(body) as { runId: string };
  await eventually(() => world.heard.loads.some((load) => load.runId === runId && load.phase === "window"), {
    timeoutMs: 30_000,
    what: "a window of the load",
  });
  const [pid] = world.pidsOf("load-generator");
  process.kill(pid!, "SIGKILL");
  await eventually(() => world.heard.loads.some((load) => load.runId === runId && load.phase === "finished"), {
    timeoutMs: 60_000,
    what: "the end of the load",
  });
  const end = world.heard.loads.findLast((load) => load.runId === runId)!;
  assert.equal(end.valid, false);
  assert.match(end.invalidBecause!, /was lost: the load generator was started anew/);
  assert.ok(end.totals.sent > 0);
  assert.equal((await order({ stop: runId })).status, 410);
  record(import.meta.filename, { tried: 1, held: 1 });
});

test("replay to an address where nobody listens says that the run is not valid, and exits with 1", async (t) => {
  const url = `http://127.0.0.1:${await freePort(null)}/function/stress`;
  const once = ["--time-lapse", "100", "--windows", "1", "--url", url, ...LOAD];
  const { code, stdout, stderr } = await commandLine(t).run("replay", ...once);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout + stderr, /the run is NOT valid: none of \d+ requests succeeded \(\d+ × connect\)/);
});
