/** The built-in broker as raw bytes see it. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";

import { startBroker, type BrokerOptions } from "#services/local-openfaas/bus/broker.ts";
import { eventually } from "#test/support/eventually.ts";

interface Wire {
  readonly socket: Socket;
  say(text: string): void;
  /** What came since the last call, as soon as it contains `text`. */
  hear(text: string): Promise<string>;
  /** Everything up to the end of the connection. */
  last(): Promise<string>;
}

async function brokerFor(t: TestContext, options: Partial<BrokerOptions> = {}) {
  const broker = await startBroker({ port: 0, token: null, ...options });
  t.after(() => broker.close());
  return broker;
}

async function wire(t: TestContext, port: number): Promise<Wire> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  let text = "";
  let ended = false;
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("close", () => (ended = true));
  const take = () => {
    const taken = text;
    text = "";
    return taken;
  };
  return {
    socket,
    say: (words) => void socket.write(words),
    hear: (wanted) => eventually(() => text.includes(wanted), { what: `'${wanted}' in '${text}'` }).then(take),
    last: () => eventually(() => ended, { what: "the end of the connection" }).then(take),
  };
}

/** Says hello and is quiet: no `+OK`. */
async function client(t: TestContext, port: number, options: object = {}): Promise<Wire> {
  const line = await wire(t, port);
  line.say(`CONNECT ${JSON.stringify({ verbose: false, headers: true, no_responders: true, ...options })}\r\nPING\r\n`);
  await line.hear("PONG\r\n");
  return line;
}

test("broker: introduces itself in one line", async (t) => {
  const broker = await brokerFor(t, { token: "secret" });
  const hello = await (await wire(t, broker.port)).hear("\r\n");
  const info = JSON.parse(/^INFO (\{.*\})\r\n$/.exec(hello)?.[1] ?? "null") as Record<string, unknown>;
  const { server_name, headers, jetstream, max_payload, auth_required, port } = info;
  assert.deepEqual(
    { server_name, headers, jetstream, max_payload, auth_required, port },
    {
      server_name: "replicant",
      headers: true,
      jetstream: false,
      max_payload: 1_048_576,
      auth_required: true,
      port: broker.port,
    },
  );
  assert.ok(!hello.includes("secret"));
});

test("broker: confirms each command to a verbose client", async (t) => {
  const line = await wire(t, (await brokerFor(t)).port);
  line.say('CONNECT {"verbose":true}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n');
  assert.match(await line.hear("PONG"), /\+OK\r\n\+OK\r\n\+OK\r\nMSG a 1 2\r\nhi\r\nPONG\r\n$/);
});

for (const { name, say } of [
  { name: "the wrong token", say: 'CONNECT {"auth_token":"guess"}\r\n' },
  { name: "the token's beginning", say: 'CONNECT {"auth_token":"s"}\r\n' },
  { name: "no token", say: "CONNECT {}\r\n" },
  { name: "a token that is no text", say: 'CONNECT {"auth_token":["secret"]}\r\n' },
  { name: "no CONNECT before PUB", say: "PUB a 2\r\nhi\r\n" },
  { name: "no CONNECT before SUB", say: "SUB > 1\r\n" },
]) {
  test(`broker: refuses ${name}`, async (t) => {
    const broker = await brokerFor(t, { token: "secret" });
    const line = await wire(t, broker.port);
    line.say(say);
    assert.match(await line.last(), /-ERR 'Authorization Violation'\r\n$/);
    await eventually(() => broker.connections() === 0, { what: "the connection is forgotten" });
  });
}

test("broker: lets the right token in", async (t) => {
  const broker = await brokerFor(t, { token: "secret" });
  await client(t, broker.port, { auth_token: "secret" });
});

test("broker: does not wait for ever for a CONNECT", async (t) => {
  const broker = await brokerFor(t, { token: "secret", limits: { authTimeoutMs: 30 } });
  assert.match(await (await wire(t, broker.port)).last(), /-ERR 'Authentication Timeout'\r\n$/);
});

for (const { name, say, says } of [
  { name: "another protocol", say: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", says: "Unknown Protocol Operation" },
  { name: "a body over the limit", say: "PUB a 101\r\n", says: "Maximum Payload Violation" },
  { name: "an endless line", say: "x".repeat(5_000), says: "Maximum Control Line Exceeded" },
  { name: "too many subscriptions", say: "SUB a 1\r\nSUB a 2\r\nSUB a 3\r\n", says: "Maximum Subscriptions Exceeded" },
]) {
  test(`broker: ends the connection for ${name}`, async (t) => {
    const broker = await brokerFor(t, { limits: { maxPayloadBytes: 100, maxSubscriptionsPerClient: 2 } });
    const line = await client(t, broker.port);
    line.say(say);
    assert.equal(await line.last(), `-ERR '${says}'\r\n`);
  });
}

for (const { name, say, says } of [
  { name: "a subscription to nothing", say: "SUB a..b 1\r\n", says: "Invalid Subject" },
  { name: "a publication to a pattern", say: "PUB a.* 2\r\nhi\r\n", says: "Invalid Publish Subject" },
  { name: "a reply to a pattern", say: "PUB a in.> 2\r\nhi\r\n", says: "Invalid Publish Subject" },
]) {
  test(`broker: refuses ${name} and goes on`, async (t) => {
    const line = await client(t, (await brokerFor(t)).port);
    line.say(`${say}PING\r\n`);
    assert.equal(await line.hear("PONG"), `-ERR '${says}'\r\nPONG\r\n`);
  });
}

test("broker: refuses headers from a client that did not announce them", async (t) => {
  const line = await client(t, (await brokerFor(t)).port, { headers: false });
  line.say("HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
  assert.equal(await line.last(), "-ERR 'Message Headers Not Supported'\r\n");
});

test("broker: takes the headers off for a client that does not know them", async (t) => {
  const broker = await brokerFor(t);
  const [modern, old] = [await client(t, broker.port), await client(t, broker.port, { headers: false })];
  old.say("SUB a 7\r\nPING\r\n");
  await old.hear("PONG");
  modern.say("SUB a 9\r\nHPUB a to.me 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\n");
  assert.equal(await modern.hear("PONG"), "HMSG a 9 to.me 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n");
  assert.equal(await old.hear("hi"), "MSG a 7 to.me 2\r\nhi\r\n");
});

test("broker: says at once that nobody serves a request, to who wants to know", async (t) => {
  const broker = await brokerFor(t);
  const asking = "SUB in.* 1\r\nPUB nobody in.me 2\r\nhi\r\nPING\r\n";
  const modern = await client(t, broker.port);
  modern.say(asking);
  assert.equal(await modern.hear("PONG"), "HMSG in.me 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\nPONG\r\n");
  const old = await client(t, broker.port, { no_responders: false });
  old.say(asking);
  assert.equal(await old.hear("PONG"), "PONG\r\n");
});

test("broker: ends a subscription after the messages it was given", async (t) => {
  const line = await client(t, (await brokerFor(t)).port);
  line.say("SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\nPING\r\n");
  assert.equal(await line.hear("PONG"), "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\nPONG\r\n");
  line.say("SUB a 5\r\nPUB a 1\r\n4\r\nUNSUB 5 1\r\nPUB a 1\r\n5\r\nUNSUB unknown\r\nPING\r\n");
  assert.equal(await line.hear("PONG"), "MSG a 5 1\r\n4\r\nPONG\r\n");
});

test("broker: a client that left is in no audience", async (t) => {
  const broker = await brokerFor(t);
  const [staying, leaving] = [await client(t, broker.port), await client(t, broker.port)];
  staying.say("SUB a q 1\r\nPING\r\n");
  leaving.say("SUB a q 1\r\nPING\r\n");
  await Promise.all([staying.hear("PONG"), leaving.hear("PONG")]);
  leaving.socket.destroy();
  await eventually(() => broker.connections() === 1, { what: "the broker saw it leave" });
  staying.say(`${"PUB a 1\r\nx\r\n".repeat(20)}PING\r\n`);
  assert.equal((await staying.hear("PONG")).split("MSG").length - 1, 20);
});

test("broker: cuts a client that does not read, and serves the others", async (t) => {
  const broker = await brokerFor(t, { limits: { maxUnreadBytes: 200_000 } });
  const [reader, sleeper, sender] = [
    await client(t, broker.port),
    await client(t, broker.port),
    await client(t, broker.port),
  ];
  reader.say("SUB a 1\r\nPING\r\n");
  sleeper.say("SUB a 1\r\nPING\r\n");
  await Promise.all([reader.hear("PONG"), sleeper.hear("PONG")]);
  sleeper.socket.pause();
  const freight = `PUB a 50000\r\n${"x".repeat(50_000)}\r\n`;
  let sent = 0;
  // The kernel's buffers take some megabytes first.
  await eventually(
    async () => {
      for (let round = 0; round < 10; round++, sent++) sender.say(freight);
      sender.say("PING\r\n");
      await sender.hear("PONG");
      return broker.connections() === 2;
    },
    { timeoutMs: 30_000, what: "the sleeper is cut" },
  );
  const marker = `PUB a 3\r\nend\r\n`;
  sender.say(marker);
  const heard = await reader.hear("end\r\n");
  assert.ok(heard.endsWith("MSG a 1 3\r\nend\r\n"));
});

test("broker: cuts a client that answers no pings, and keeps one that does", async (t) => {
  const broker = await brokerFor(t, { limits: { pingIntervalMs: 25, maxPingsOut: 2 } });
  const [dead, alive] = [await client(t, broker.port), await client(t, broker.port)];
  let pings = 0;
  alive.socket.on("data", (chunk) => {
    if (!chunk.toString().includes("PING")) return;
    pings++;
    alive.say("PONG\r\n");
  });
  assert.match(await dead.last(), /^(PING\r\n){2}-ERR 'Stale Connection'\r\n$/);
  await eventually(() => pings > 5, { what: "the other is asked on and on" });
  assert.equal(broker.connections(), 1);
});

test("broker: takes so many connections and no more", async (t) => {
  const broker = await brokerFor(t, { limits: { maxConnections: 1 } });
  await client(t, broker.port);
  const line = await wire(t, broker.port);
  line.say("CONNECT {}\r\n");
  assert.match(await line.last(), /-ERR 'Maximum Connections Exceeded'\r\n$/);
});

test("broker: says which port it cannot have", async (t) => {
  const broker = await brokerFor(t);
  await assert.rejects(startBroker({ port: broker.port, token: null }), /EADDRINUSE.*:\d+/);
});
