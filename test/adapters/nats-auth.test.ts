/** Every way a NATS server can ask who we are, on the real server; and what is said when it is not satisfied. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { natsBus, type NatsBusOptions } from "#shared/adapters/nats/nats-bus.ts";
import type { BusCredentials } from "#shared/adapters/nats/credentials.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { findOnPath } from "#services/local-openfaas/bus/program.ts";
import { aModelEvent } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";
import { anNkey, anOperator, certificates, securedServer } from "#test/support/nats-secured.ts";
import { natsPrograms, testBroker } from "#test/support/nats-server.ts";

const programs = natsPrograms();
if (programs.length === 0) test("NATS authentication", { skip: "nats-server is not on PATH" }, () => {});
const withoutOpenssl = findOnPath("openssl", process.env["PATH"] ?? "") ? false : "openssl is not on PATH";

/** A password that must be quoted in a URL, and that no sentence may hold. */
const hush = "p@ss/w:rd";

async function open(t: TestContext, options: Partial<NatsBusOptions>) {
  const bus = await natsBus({ servers: [], name: "test", connectTimeoutMs: 5_000, ...options });
  t.after(() => bus.close());
  return bus;
}

/** A number twice would be one event to a stream; a name twice one consumer for two. */
let events = 0;

/** An event goes to the server's stream and comes back: the proof was accepted, JetStream included. */
async function works(t: TestContext, options: Partial<NatsBusOptions>): Promise<void> {
  const bus = await open(t, options);
  assert.equal(bus.delivery, "jetstream");
  const heard: string[] = [];
  await bus.subscribe("model", async (event) => void heard.push(event.id), { durable: `proof-${++events}` });
  await bus.publish(aModelEvent(events));
  await eventually(() => heard.length === 1, { what: "the event" });
}

/** Refused at once, in a sentence that names the server and none of the secrets. */
async function refused(options: Partial<NatsBusOptions>, why: RegExp, secrets: readonly string[]): Promise<void> {
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  await assert.rejects(
    natsBus({ servers: [], name: "test", connectTimeoutMs: 5_000, log, ...options }),
    (thrown: Error) => {
      assert.equal(thrown.name, "BusRefusedError", thrown.message);
      assert.match(thrown.message, why);
      const all = [thrown.message, messageOf(thrown.cause), ...logged].join("\n");
      for (const secret of secrets) assert.ok(!all.includes(secret), all);
      return true;
    },
  );
}

for (const { name, program } of programs) {
  const nkey = anNkey();
  const other = anNkey();
  const operator = anOperator();
  for (const { by, configuration, good, bad, hidden } of [
    {
      by: "user and password",
      configuration: `authorization { user: loop, password: "${hush}" }`,
      good: { user: "loop", password: hush },
      bad: { user: "loop", password: "guess" },
      hidden: ["guess"],
    },
    {
      by: "token",
      configuration: `authorization { token: "${hush}" }`,
      good: { token: hush },
      bad: { token: "guess" },
      hidden: ["guess"],
    },
    {
      by: "nkey",
      configuration: `authorization { users: [ { nkey: ${nkey.publicKey} } ] }`,
      good: { nkeySeed: `${nkey.seed}\n` },
      bad: { nkeySeed: other.seed },
      hidden: [other.seed],
    },
    {
      by: "credentials file",
      configuration: operator.configuration,
      good: { creds: operator.creds },
      bad: { creds: anOperator().creds },
      hidden: ["SU"],
    },
  ] satisfies { by: string; configuration: string; good: BusCredentials; bad: BusCredentials; hidden: string[] }[]) {
    test(`${name}: ${by}, right, wrong and missing`, async (t) => {
      const servers = await securedServer(t, program, configuration);
      await works(t, { servers, ...good });
      await refused({ servers, ...bad }, /^the bus at nats:\/\/127\.0\.0\.1:\d+ refused the credentials: /, hidden);
      await refused({ servers }, /refused the credentials/, []);
    });
  }

  test(`${name}: user and password in the address`, async (t) => {
    const host = await securedServer(t, program, `authorization { user: loop, password: "${hush}" }`);
    await works(t, { servers: `nats://loop:${encodeURIComponent(hush)}@${host}` });
    await refused({ servers: `nats://loop:guess@${host}` }, /^the bus at nats:\/\/127/, ["guess"]);
    await works(t, { servers: `nats://loop:guess@${host}`, user: "loop", password: hush });
  });

  test(`${name}: TLS, with a server of an authority of our own`, { skip: withoutOpenssl }, async (t) => {
    const { folder, cert, key } = certificates(t);
    const files = `cert_file: "${folder}/server.pem", key_file: "${folder}/server.key"`;
    const host = await securedServer(t, program, `tls { ${files} }\nauthorization { token: "${hush}" }`);
    await works(t, { servers: `tls://${host}`, token: hush, tls: { ca: cert("ca") } });
    await works(t, { servers: host, token: hush, tls: { ca: cert("ca") } });
    await refused({ servers: `tls://${host}`, token: hush }, /^no encrypted connection to the bus at tls:/, [hush]);
    await refused({ servers: host, token: hush, tls: { ca: cert("stranger") } }, /^no encrypted connection/, [hush]);

    const strict = `tls { ${files}, ca_file: "${folder}/ca.pem", verify: true }`;
    const mutual = await securedServer(t, program, strict);
    await works(t, { servers: mutual, tls: { ca: cert("ca"), cert: cert("client"), key: key("client") } });
    // The server ends the connection after the handshake, and the client learns no more than that: it goes on trying.
    for (const shown of [{ cert: cert("stranger"), key: key("stranger") }, {}]) {
      const options = { servers: mutual, tls: { ca: cert("ca"), ...shown }, name: "test", connectTimeoutMs: 300 };
      await assert.rejects(natsBus(options), { name: /^Bus(Unavailable|Refused)Error$/ });
    }
  });

  test(`${name}: an encrypted connection that was asked for is never an open one`, async (t) => {
    const host = await securedServer(t, program, `authorization { token: "${hush}" }`);
    await refused({ servers: `tls://${host}`, token: hush }, /^no encrypted connection/, [hush]);
  });
}

test("NATS credentials that cannot be read: refused before anything is sent, and not repeated", async (t) => {
  const broker = await testBroker();
  t.after(() => broker.close());
  const rows: readonly [BusCredentials, string][] = [
    [{ nkeySeed: "SUHUSH" }, "the NATS nkey seed cannot be read as one"],
    [{ creds: "-----BEGIN NATS USER JWT-----\nhush\n" }, "the NATS credentials file cannot be read as one"],
    [{ tls: { cert: "hush" } }, "a NATS client certificate and its key come together, there is only the certificate"],
    [{ tls: { key: "hush" } }, "a NATS client certificate and its key come together, there is only the key"],
  ];
  for (const [credentials, says] of rows) {
    await assert.rejects(natsBus({ servers: broker.url, name: "test", ...credentials }), new BadInputError(says));
  }
});
