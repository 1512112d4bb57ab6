/** When a replica counts as frozen: look by look, and with real processes that are stopped, blocked or busy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { after, frozenBecause, WELL, type Look } from "#services/local-openfaas/provider/liveness.ts";
import { eventually } from "#test/support/eventually.ts";
import { startTestPlatform } from "#test/support/platform.ts";
import { call, isAlive, startProvider, whenAvailable } from "#test/support/local-openfaas/provider.ts";

const look = (changes: Partial<Look> = {}): Look => ({
  isStopped: false,
  hasAnswered: false,
  cpuSeconds: 1,
  ...changes,
});

for (const { name, looks, frozenAt } of [
  {
    name: "one that answers is well for ever",
    looks: Array<Look>(200).fill(look({ hasAnswered: true })),
    frozenAt: null,
  },
  {
    name: "one that is stopped is frozen at the second look",
    looks: Array<Look>(3).fill(look({ isStopped: true })),
    frozenAt: 2,
  },
  {
    name: "a stop that is over at the next look is none",
    looks: Array.from({ length: 100 }, (_, i) => look({ isStopped: i % 2 === 0, hasAnswered: true })),
    frozenAt: null,
  },
  {
    name: "one that uses CPU time is busy, however long it does not answer",
    looks: Array.from({ length: 500 }, (_, i) => look({ cpuSeconds: i / 100 })),
    frozenAt: null,
  },
  {
    name: "one without answer and work is given 10 s and its exec_timeout",
    looks: Array<Look>(200).fill(look()),
    frozenAt: 40,
  },
  {
    name: "where CPU time cannot be measured, too",
    looks: Array<Look>(200).fill(look({ cpuSeconds: null })),
    frozenAt: 40,
  },
  {
    name: "an answer in between begins anew",
    looks: [...Array<Look>(39).fill(look()), look({ hasAnswered: true }), ...Array<Look>(39).fill(look())],
    frozenAt: null,
  },
]) {
  test(`liveness: ${name}`, () => {
    let vitals = WELL;
    const at = looks.findIndex((each) => frozenBecause((vitals = after(vitals, each)), 30_000) !== null);
    assert.equal(at < 0 ? null : at + 1, frozenAt);
  });
}

test("liveness: a function without a time limit is given a minute and ten seconds", () => {
  let vitals = WELL;
  let looks = 0;
  while (frozenBecause(vitals, 2 ** 31) === null) {
    vitals = after(vitals, look());
    looks++;
  }
  assert.equal(looks, 70);
  assert.equal(frozenBecause(vitals, 2 ** 31), "frozen: no answer to its health check and no work for 70 s");
});

test("a stopped replica leaves the routing, its calls fail, and a successor takes over", async (t) => {
  const { platform, deploy, system } = await startTestPlatform(t);
  await deploy(
    "app",
    `module.exports = async (event) => event.path === "/wait" ? new Promise(() => console.log("begun")) : String(process.pid)`,
    { envVars: { exec_timeout: "60s" } },
  );
  const url = `${platform.url}/function/app`;
  const pid = Number(await (await fetch(url)).text());
  const waiting = fetch(`${url}/wait`);
  const lines = async () => (await system("GET", "logs?name=app")).text();
  await eventually(async () => (await lines()).includes("begun"), { what: "a call under way" });
  process.kill(pid, "SIGSTOP");
  const answer = await waiting;
  assert.equal(answer.status, 502, await answer.text());
  const next = await fetch(url);
  assert.equal(next.status, 200);
  assert.notEqual(Number(await next.text()), pid);
  await eventually(async () => !(await isAlive(pid)), { what: "the end of the frozen process" });
  assert.match(await lines(), /replicant: crashed: frozen: its process was stopped from outside/);
});

test("one that is frozen again and again waits longer and longer", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy(
    "app",
    `setTimeout(() => process.kill(process.pid, "SIGSTOP"), 50); module.exports = async () => "x"`,
  );
  await eventually(() => (setup.provider.get("app")?.backOff?.failures ?? 0) >= 2, {
    what: "two failures",
    timeoutMs: 90_000,
  });
  assert.equal(setup.provider.get("app")?.backOff?.lastError, "frozen: its process was stopped from outside");
});

for (const limits of ["auto", "duty-cycle"] as const) {
  test(`a replica whose calls block it on a tenth of a core is busy, and stays (limits: ${limits})`, async (t) => {
    const setup = await startProvider(t, { limits });
    await setup.deploy(
      "busy",
      `module.exports = async () => { const from = process.cpuUsage().user; while (process.cpuUsage().user - from < 400_000); return "done"; }`,
      { limits: { cpu: "100m" }, envVars: { exec_timeout: "1s" } },
    );
    const [replica] = await whenAvailable(setup, "busy", 1);
    // Four seconds of work each on a tenth of a core, one after the other: twelve in which nothing is answered, with a patience of eleven.
    const answers = await Promise.all([call(replica!), call(replica!), call(replica!)]);
    assert.deepEqual(
      answers.map(({ text }) => text),
      ["done", "done", "done"],
    );
    assert.deepEqual(
      setup.readyReplicas("busy").map(({ id }) => id),
      [replica!.id],
    );
    assert.equal(setup.provider.get("busy")?.backOff, null);
  });
}
