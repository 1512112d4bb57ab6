/** Sockets that never log in, and log-ins that are no such thing: bounded in number and bytes, and nobody else waits for them. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { aTickEvent } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";
import { ALL_LOGINS, passwordOf, PREFIX } from "#test/support/nats-users.ts";
import { startBroker } from "#services/local-openfaas/bus/broker.ts";
import { DEFAULT_LIMITS } from "#services/local-openfaas/bus/limits.ts";
import { record } from "#test/support/faults/figures.ts";

const SOCKETS = 1_500;

/** Keeps `count` sockets open that say `words`, opening another for each that is closed. */
function crowd(t: TestContext, port: number, count: number, words: string | Buffer) {
  const sockets = new Set<Socket>();
  let isOver = false;
  let opened = 0;
  const open = () => {
    const socket = connect(port, "127.0.0.1");
    opened++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("connect", () => socket.write(words));
    socket.on("close", () => {
      sockets.delete(socket);
      if (!isOver && opened < SOCKETS) setImmediate(open);
    });
    socket.resume();
  };
  for (let n = 0; n < count; n++) open();
  t.after(() => {
    isOver = true;
    for (const socket of sockets) socket.destroy();
  });
  return { opened: () => opened };
}

async function brokerFor(t: TestContext) {
  const broker = await startBroker({
    ...{ port: 0, users: { logins: ALL_LOGINS, prefix: PREFIX } },
    // The time to log in is not what ends them here: the crowd itself is.
    limits: { authTimeoutMs: 600_000 },
  });
  t.after(() => broker.close());
  const as = async (user: string) => {
    const bus = await natsBus({ servers: `127.0.0.1:${broker.port}`, name: "test", user, password: passwordOf(user) });
    t.after(() => bus.close());
    return bus;
  };
  return { broker, as };
}

for (const { name, words } of [
  { name: "say nothing", words: "" },
  { name: "announce a megabyte", words: "PUB a 1048576\r\n" + "x".repeat(60_000) },
  { name: "begin a line and stop", words: "CONNECT {".padEnd(2_000, "x") },
]) {
  test(`strangers that ${name}: few are kept, and who logs in is let in and served`, { timeout: 60_000 }, async (t) => {
    const { broker, as } = await brokerFor(t);
    const before = await as("metrics-collector");
    const { opened } = crowd(t, broker.port, 300, words);
    let most = 0;
    await eventually(
      () => {
        most = Math.max(most, broker.waiting());
        return opened() >= SOCKETS;
      },
      { what: "all of them came", timeoutMs: 50_000, everyMs: 1 },
    );
    assert.ok(most <= DEFAULT_LIMITS.maxWaiting, `${most} waited`);
    const heard: string[] = [];
    const during = await as("scaler");
    await during.subscribe("tick", async ({ id }) => void heard.push(id));
    await before.publish(aTickEvent(1));
    await eventually(() => heard.length === 1, { what: "a tick from the one to the other" });
    assert.equal(broker.connections(), 2);
    record(import.meta.filename, { inputs: SOCKETS, tried: 1, held: 1 });
  });
}

test("strangers: one user's connections leave room for the others", async (t) => {
  const { broker, as } = await brokerFor(t);
  const login = `CONNECT ${JSON.stringify({ user: "external", pass: passwordOf("external"), verbose: false })}\r\n`;
  for (let n = 0; n < DEFAULT_LIMITS.maxConnectionsPerUser + 50; n++) {
    const socket = connect(broker.port, "127.0.0.1");
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    socket.write(login);
    socket.resume();
  }
  await eventually(() => broker.connections() === DEFAULT_LIMITS.maxConnectionsPerUser, { what: "as many as one may" });
  assert.equal((await as("scaler")).state(), "connected");
  record(import.meta.filename, { tried: 1, held: 1, refused: 50 });
});
