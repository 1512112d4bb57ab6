/** What the NATS bus does beyond the common suite: connecting, streams that are there, words for errors. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

import { natsBus, type NatsBusOptions } from "#shared/adapters/nats/nats-bus.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { askServer, freePort } from "#services/local-openfaas/bus/ports.ts";
import { startBroker } from "#services/local-openfaas/bus/broker.ts";
import { aModelEvent, aTickEvent, numberOf } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms, testBroker, testNatsServer, type TestServer } from "#test/support/nats-server.ts";

async function served(t: TestContext, starting: Promise<TestServer>) {
  const server = await starting;
  t.after(() => server.close());
  const open = async (options: Partial<NatsBusOptions> = {}) => {
    const bus = await natsBus({ servers: server.url, token: server.token, name: "test", ...options });
    t.after(() => bus.close());
    return bus;
  };
  return { server, open };
}

test("NATS bus: waits for its first server, and says so once", async (t) => {
  const port = await freePort(null);
  const lines: string[] = [];
  const opening = natsBus({
    servers: `nats://hush@127.0.0.1:${port}`,
    name: "early",
    log: (line) => void lines.push(line),
  });
  await eventually(() => lines.length > 0, { what: "it says that it waits" });
  const broker = await startBroker({ port, token: "hush" });
  t.after(() => broker.close());
  const bus = await opening;
  t.after(() => bus.close());
  assert.equal(bus.state(), "connected");
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, new RegExp(`^waiting for the bus at nats://127\\.0\\.0\\.1:${port}: `));
});

test("NATS bus: gives up when the time for the first connection is over", async () => {
  const port = await freePort(null);
  await assert.rejects(natsBus({ servers: `127.0.0.1:${port}`, name: "hasty", connectTimeoutMs: 100 }), {
    name: "BusUnavailableError",
    message: new RegExp(`^no bus answered at nats://127\\.0\\.0\\.1:${port} within 100 ms: `),
  });
});

test("NATS bus: two systems with their own prefixes share a server and not a word", async (t) => {
  const { open } = await served(t, testBroker());
  const [green, blue] = [await open({ subjectPrefix: "green" }), await open({ subjectPrefix: "blue.2" })];
  const heard: number[] = [];
  await green.subscribe("model", async (event) => void heard.push(numberOf(event)));
  await blue.publish(aModelEvent(1));
  await green.publish(aModelEvent(2));
  await eventually(() => heard.length > 0, { what: "its own event" });
  assert.deepEqual(heard, [2]);
});

for (const { name, doing, says } of [
  {
    name: "a prefix with a wildcard",
    doing: (open: (options: Partial<NatsBusOptions>) => Promise<unknown>) => open({ subjectPrefix: "a.>" }),
    says: "the subject prefix must be letters, digits, '-', '_' and dots, was: 'a.>'",
  },
  {
    name: "a durable name with a dot",
    doing: async (open: () => ReturnType<typeof natsBus>) =>
      (await open()).subscribe("tick", async () => {}, { durable: "a.b" }),
    says: "a durable name must be letters, digits, '-' and '_', was: 'a.b'",
  },
]) {
  test(`NATS bus: refuses ${name}`, async (t) => {
    const { open } = await served(t, testBroker());
    await assert.rejects(async () => doing(open), new BadInputError(says));
  });
}

test("NATS bus: an event that the server would not take is refused at once, with its size", async (t) => {
  const broker = await startBroker({ port: 0, token: null, limits: { maxPayloadBytes: 200 } });
  t.after(() => broker.close());
  const bus = await natsBus({ servers: `127.0.0.1:${broker.port}`, name: "test" });
  t.after(() => bus.close());
  await assert.rejects(bus.publish(aModelEvent(1)), {
    name: "BadInputError",
    message: /^event 'echo@1\/model' has \d+ bytes; the bus at nats:\/\/127\.0\.0\.1:\d+ takes at most 200$/,
  });
});

for (const { name, program } of natsPrograms()) {
  const manager = async (t: TestContext, { url, token }: TestServer) => {
    const nc = await connect({ servers: url, token });
    t.after(() => nc.close());
    return jetstreamManager(nc);
  };

  test(`NATS bus, ${name}: keeps all but ticks, within bounds`, async (t) => {
    const { server, open } = await served(t, testNatsServer(program));
    const bus = await open({ streamMaxBytes: 1_000_000, streamMaxAgeMs: 60_000 });
    await bus.publish(aModelEvent(1));
    await bus.publish(aTickEvent(2));
    const { config, state } = await (await manager(t, server)).streams.info("REPLICANT");
    assert.deepEqual(
      [...config.subjects].sort(),
      ["applied", "load", "model", "proposal", "window"].map((kind) => `replicant.${kind}`),
    );
    assert.deepEqual(
      { bytes: config.max_bytes, age: config.max_age, storage: config.storage, kept: state.messages },
      { bytes: 1_000_000, age: 60_000 * 1_000_000, storage: "file", kept: 1 },
    );
  });

  test(`NATS bus, ${name}: leaves a stream as its owner set it, but for a missing subject`, async (t) => {
    const { server, open } = await served(t, testNatsServer(program));
    const jsm = await manager(t, server);
    await jsm.streams.add({ name: "REPLICANT", subjects: ["replicant.model", "elsewhere"], max_bytes: 7_777 });
    await open();
    const { config } = await jsm.streams.info("REPLICANT");
    assert.equal(config.max_bytes, 7_777);
    assert.ok(
      ["elsewhere", "replicant.model", "replicant.window"].every((subject) => config.subjects.includes(subject)),
    );
  });

  test(`NATS bus, ${name}: says that another stream has its subjects`, async (t) => {
    const { server, open } = await served(t, testNatsServer(program));
    await (await manager(t, server)).streams.add({ name: "OTHER", subjects: ["replicant.>"] });
    await assert.rejects(open(), {
      message: "another stream already takes 'replicant.…': remove it, or choose another subject prefix",
    });
  });

  test(`NATS bus, ${name}: says that there is no room for its stream`, async (t) => {
    const { open } = await served(t, testNatsServer(program));
    await assert.rejects(open({ streamMaxBytes: 10 ** 12 }), {
      message: "JetStream has no room for stream 'REPLICANT' of 1000000000000 bytes: raise max_file_store",
    });
  });

  test(`NATS bus, ${name}: makes a stream again that was deleted under it`, async (t) => {
    const { server, open } = await served(t, testNatsServer(program));
    const bus = await open();
    const jsm = await manager(t, server);
    await jsm.streams.delete("REPLICANT");
    await bus.publish(aModelEvent(1));
    assert.equal((await jsm.streams.info("REPLICANT")).state.messages, 1);
  });

  test(`NATS bus, ${name}: holds one event at a time, so that another member can have the next`, async (t) => {
    const { open } = await served(t, testNatsServer(program));
    const bus = await open();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const started: number[] = [];
    await bus.subscribe(
      "model",
      async (event) => {
        started.push(numberOf(event));
        await held;
      },
      { durable: "slow" },
    );
    await bus.publish(aModelEvent(1));
    await bus.publish(aModelEvent(2));
    await eventually(() => started.length === 1, { what: "the first call" });
    // The second waits at the server, not here: another member can have it.
    const other: number[] = [];
    const helper = await open();
    await helper.subscribe("model", async (event) => void other.push(numberOf(event)), { durable: "slow" });
    await eventually(() => other.length === 1, { what: "the other member took the second" });
    assert.deepEqual([started, other], [[1], [2]]);
    release();
  });

  test(`NATS bus, ${name}: does without JetStream where the server has it off`, async (t) => {
    const [port, folder] = [await freePort(null), await mkdtemp(join(tmpdir(), "replicant-plain-"))];
    const child = spawn(program, ["-a", "127.0.0.1", "-p", String(port)], { stdio: "ignore", cwd: folder });
    t.after(async () => {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    });
    await eventually(() => askServer(port, 500), { what: "the server" });
    const bus = await natsBus({ servers: `127.0.0.1:${port}`, name: "test" });
    t.after(() => bus.close());
    const heard: number[] = [];
    await bus.subscribe("model", async (event) => void heard.push(numberOf(event)), { durable: "any" });
    await bus.publish(aModelEvent(1));
    await eventually(() => heard.length === 1, { what: "the event" });
    assert.equal(bus.delivery, "core");
  });
}
