/** Replicas live, crash, are replaced, drain and are updated: with real processes. */
import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { eventually } from "#test/support/eventually.ts";
import {
  call,
  isAlive,
  startProvider,
  whenAvailable,
  type TestProvider,
} from "#test/support/local-openfaas/provider.ts";

const HELLO = `module.exports = async () => process.env.OPENFAAS_NAME + "@" + process.pid`;

/** `/slow` is answered once somebody has called `/release`. */
const SLOW = `
  let release;
  module.exports = async (event) => {
    if (event.path === "/release") { release("answered"); return "released"; }
    console.log("begun");
    return new Promise((resolve) => { release = resolve; });
  };
`;

async function logged(setup: TestProvider, name: string, text: RegExp): Promise<void> {
  await eventually(async () => (await setup.log(name)).some((line) => text.test(line)), {
    what: `a line like ${text}`,
  });
}

test("a deployed function becomes ready and answers", async (t) => {
  const setup = await startProvider(t);
  const { provider } = setup;
  await setup.deploy("hello", HELLO);
  assert.equal(provider.get("hello")?.desiredReplicas, 1);
  assert.equal(await provider.whenReady("hello", 20_000), true);
  const replica = provider.pickReady("hello")!;
  assert.match(replica.id, /^hello-[a-z]{5}$/);
  assert.equal(replica.state, "ready");
  assert.ok(replica.readyAtMs! >= replica.startedAtMs);
  assert.deepEqual(await call(replica), { status: 200, text: `hello@${replica.pid}` });
  assert.equal(provider.get("hello")?.availableReplicas, 1);
  assert.equal(provider.get("hello")?.backOff, null);
  assert.equal(provider.get("other"), undefined);
  assert.equal(provider.pickReady("other"), undefined);
});

test("scaling goes up, down to the oldest, to zero and back", async (t) => {
  const setup = await startProvider(t, { concurrentStarts: 2 });
  const { provider } = setup;
  await setup.deploy("hello", HELLO);
  const [first] = await whenAvailable(setup, "hello", 1);
  provider.scale("hello", 4);
  assert.equal(provider.get("hello")?.desiredReplicas, 4);
  const four = await whenAvailable(setup, "hello", 4);
  assert.equal(new Set(four.map(({ id }) => id)).size, 4);

  provider.scale("hello", 1);
  assert.deepEqual(
    setup.readyReplicas("hello").map(({ id }) => id),
    [first!.id],
  );
  await eventually(() => provider.get("hello")?.replicas.length === 1, { what: "the others have ended" });

  provider.scale("hello", 0);
  assert.equal(provider.pickReady("hello"), undefined);
  assert.equal(await provider.whenReady("hello", 10), false);
  const ready = provider.whenReady("hello", 20_000);
  provider.scale("hello", 1);
  assert.equal(await ready, true);
});

test("routing is uniform among ready replicas", async (t) => {
  let draw = 0;
  const setup = await startProvider(t, { random: () => (draw = (draw + 0.381) % 1) });
  await setup.deploy("hello", HELLO, { labels: { "com.openfaas.scale.min": "3" } });
  await whenAvailable(setup, "hello", 3);
  const picks = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const { id } = setup.provider.pickReady("hello")!;
    picks.set(id, (picks.get(id) ?? 0) + 1);
  }
  assert.equal(picks.size, 3);
  for (const count of picks.values()) assert.ok(Math.abs(count - 100) <= 5, `${count} of 300`);
});

test("a killed replica is replaced at once", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("hello", HELLO);
  const [before] = await whenAvailable(setup, "hello", 1);
  process.kill(before!.pid, "SIGKILL");
  await eventually(() => setup.provider.pickReady("hello") && setup.provider.pickReady("hello")!.id !== before!.id, {
    what: "a successor",
  });
  assert.equal(before!.state, "gone");
  assert.equal(setup.provider.get("hello")?.backOff, null, "a successor that is ready means all is well");
  await logged(setup, "hello", /^replicant: crashed: killed by SIGKILL$/);
});

test("a replica that crashes again and again waits longer and longer", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("broken", `console.error("cannot find my database"); process.exit(3)`);
  await eventually(() => (setup.provider.get("broken")?.backOff?.failures ?? 0) >= 2, { what: "two failures" });
  const { backOff, availableReplicas } = setup.provider.get("broken")!;
  assert.equal(backOff?.lastError, "exit code 3");
  assert.ok(backOff.untilMs > Date.now() - 1_000);
  assert.equal(availableReplicas, 0);
  await logged(setup, "broken", /^replicant: next start in 2 s, after 2 failures$/);
  const lines = await setup.log("broken");
  assert.ok(lines.includes("cannot find my database"));
  assert.ok(lines.includes("replicant: crashed: exit code 3"));
  assert.ok(lines.includes("replicant: next start in 1 s, after 1 failure"));
});

test("why a handler could not be loaded is the error of the back-off", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("broken", `module.exports = { handler: 1 }`);
  await eventually(() => setup.provider.get("broken")?.backOff, { what: "a failure" });
  assert.match(setup.provider.get("broken")!.backOff!.lastError, /handler\.js must set module\.exports to a function/);
});

test("a replica that never becomes ready is given up", async (t) => {
  const setup = await startProvider(t, { startTimeoutMs: 300 });
  await setup.deploy("endless", `for (;;);`);
  await eventually(() => setup.provider.get("endless")?.backOff, { what: "a failure" });
  assert.equal(setup.provider.get("endless")?.backOff?.lastError, "not ready within 0.3 s");
});

test("an update mends a function that waits in its back-off", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("hello", `process.exit(3)`);
  await eventually(() => (setup.provider.get("hello")?.backOff?.failures ?? 0) >= 2, { what: "two failures" });
  await setup.deploy("hello", HELLO);
  await whenAvailable(setup, "hello", 1);
  assert.equal(setup.provider.get("hello")?.backOff, null);
});

test("draining loses no call: the replica ends after its last answer", async (t) => {
  const setup = await startProvider(t);
  const { provider } = setup;
  await setup.deploy("slow", SLOW);
  const [replica] = await whenAvailable(setup, "slow", 1);
  const slow = call(replica!, "/slow");
  await logged(setup, "slow", /^begun$/);

  provider.scale("slow", 0);
  assert.equal(replica!.state, "draining");
  assert.equal(provider.pickReady("slow"), undefined, "it takes no new call");
  assert.equal(await isAlive(replica!.pid), true);
  await fetch(`http://127.0.0.1:${replica!.port}/release`);
  assert.deepEqual(await slow, { status: 200, text: "answered" });
  await eventually(async () => !(await isAlive(replica!.pid)), { what: "the end of the process" });
  await logged(setup, "slow", /^replicant: stopped$/);
});

test("a call that outlives the grace is cut off", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("slow", SLOW, { envVars: { write_timeout: "100ms" } });
  const [replica] = await whenAvailable(setup, "slow", 1);
  const slow = call(replica!, "/slow");
  await logged(setup, "slow", /^begun$/);
  setup.provider.scale("slow", 0);
  await assert.rejects(slow);
  await logged(setup, "slow", /^replicant: killed: its grace was over$/);
});

test("a scale-down while replicas are starting takes those first", async (t) => {
  const setup = await startProvider(t, { concurrentStarts: 1 });
  await setup.deploy("hello", HELLO);
  const [first] = await whenAvailable(setup, "hello", 1);
  setup.provider.scale("hello", 6);
  setup.provider.scale("hello", 1);
  await eventually(() => setup.provider.get("hello")?.replicas.length === 1, { what: "one replica" });
  assert.equal(setup.provider.pickReady("hello")?.id, first!.id);
});

test("an update starts the new before it drains the old, and keeps the count", async (t) => {
  const setup = await startProvider(t);
  const { provider } = setup;
  const version = `module.exports = async () => process.env.VERSION`;
  await setup.deploy("app", version, { envVars: { VERSION: "1" } });
  provider.scale("app", 2);
  const old = await whenAvailable(setup, "app", 2);
  let fewest = 2;
  let most = 2;
  await setup.deploy("app", version, { envVars: { VERSION: "2" } });
  await eventually(
    () => {
      const { availableReplicas, replicas } = provider.get("app")!;
      fewest = Math.min(fewest, availableReplicas);
      most = Math.max(most, replicas.filter(({ state }) => state !== "draining").length);
      return (
        replicas.length === 2 && replicas.every(({ id, state }) => state === "ready" && !old.some((o) => o.id === id))
      );
    },
    { what: "two new replicas", timeoutMs: 30_000, everyMs: 5 },
  );
  assert.equal(fewest, 2, "never fewer than desired");
  assert.equal(most, 3, "one above desired");
  assert.equal((await call(provider.pickReady("app")!)).text, "2");
});

test("an update that cannot start leaves the old replicas running", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("app", HELLO);
  const [old] = await whenAvailable(setup, "app", 1);
  await setup.deploy("app", `process.exit(1)`);
  await eventually(async () => (await setup.log("app")).includes("replicant: crashed: exit code 1"), {
    what: "a crash",
  });
  assert.equal(setup.provider.pickReady("app")?.id, old!.id);
});

test("what a function has started ends with it", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy(
    "parent",
    `const child = require("node:child_process").spawn("sleep", ["600"], { stdio: "ignore" });
     module.exports = async () => child.pid`,
  );
  const [replica] = await whenAvailable(setup, "parent", 1);
  const grandchild = Number((await call(replica!)).text);
  assert.equal(await isAlive(grandchild), true);
  process.kill(replica!.pid, "SIGKILL");
  await eventually(async () => !(await isAlive(grandchild)), { what: "the end of the grandchild" });
});

test("a removed function is gone, with its replicas, and waiting ends", async (t) => {
  const setup = await startProvider(t);
  const { provider, home } = setup;
  await setup.deploy("hello", HELLO);
  const [replica] = await whenAvailable(setup, "hello", 1);
  await provider.remove("hello");
  assert.equal(provider.get("hello"), undefined);
  assert.deepEqual(provider.list(), []);
  assert.equal(await provider.whenReady("hello", 10_000), false);
  await eventually(async () => !(await isAlive(replica!.pid)), { what: "the end of the process" });
  await assert.rejects(access(`${home}/functions/hello.json`));
  await assert.rejects(provider.remove("hello"), /function 'hello' is not deployed/);
  assert.throws(() => provider.scale("hello", 1), /function 'hello' is not deployed/);
});

test("a replica sees its own environment and nothing of the platform's", async (t) => {
  process.env["REPLICANT_TEST_TOKEN"] = "secret of the parent";
  t.after(() => delete process.env["REPLICANT_TEST_TOKEN"]);
  const setup = await startProvider(t);
  await setup.deploy("env", `module.exports = async () => process.env`, {
    envVars: { GREETING: "hello", NODE_OPTIONS: "--no-warnings" },
  });
  const [replica] = await whenAvailable(setup, "env", 1);
  const env = JSON.parse((await call(replica!)).text) as Record<string, string>;
  const { PATH, HOME, TZ, LANG, NODE_EXTRA_CA_CERTS, PWD: _pwd, NODE_CHANNEL_SERIALIZATION_MODE: _mode, ...rest } = env;
  assert.deepEqual(
    { PATH, HOME, TZ, LANG, NODE_EXTRA_CA_CERTS },
    {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      TZ: process.env["TZ"],
      LANG: process.env["LANG"],
      NODE_EXTRA_CA_CERTS: process.env["NODE_EXTRA_CA_CERTS"],
    },
  );
  assert.deepEqual(rest, {
    GREETING: "hello",
    NODE_OPTIONS: "--no-warnings",
    OPENFAAS_NAME: "env",
    OPENFAAS_NAMESPACE: "openfaas-fn",
    http_port: "0",
    secret_mount_path: `${setup.home}/run/${process.pid}/${replica!.id}/secrets`,
  });
});

test("closing drains everything and leaves no process and no folder behind", async (t) => {
  const setup = await startProvider(t);
  await setup.deploy("a", HELLO, { labels: { "com.openfaas.scale.min": "2" } });
  await setup.deploy("b", SLOW);
  const replicas = [...(await whenAvailable(setup, "a", 2)), ...(await whenAvailable(setup, "b", 1))];
  const slow = call(setup.provider.pickReady("b")!, "/slow");
  await logged(setup, "b", /^begun$/);
  const closed = setup.provider.close();
  await fetch(`http://127.0.0.1:${replicas[2]!.port}/release`);
  await closed;
  assert.equal((await slow).text, "answered");
  for (const { pid } of replicas) assert.equal(await isAlive(pid), false);
  for (const { id } of replicas) await assert.rejects(access(`${setup.home}/run/${id}`));
});
