/** Events forged with another part's credentials, and through what a server does for a caller: each kind, each way, on each server. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { setUpBus } from "#shared/adapters/nats/set-up.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { permissionsOf, streamOf } from "#shared/events/bus-permissions.ts";
import { BUS_USER_NAMES, rightsOf, type BusUser } from "#shared/events/bus-users.ts";
import { EVENT_KINDS, SUBJECTS } from "#shared/events/subjects.ts";
import { anApplied } from "#test/support/a-decision.ts";
import { aModelEvent, numberOf } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms } from "#test/support/nats-server.ts";
import { standingServer, type StandingServer } from "#test/support/nats-standing.ts";
import { passwordOf, rawClient, serversWithUsers } from "#test/support/nats-users.ts";
import { record } from "#test/support/faults/figures.ts";

const connectAs = (server: StandingServer, user: BusUser | "admin"): Promise<NatsConnection> =>
  connect({ servers: server.host, user, pass: passwordOf(user), inboxPrefix: `_INBOX.${user}` });

const appliedEvent = () =>
  makeEvent("applied", { source: "scaler", subject: "stress", key: 1, nowMs: Date.now(), data: anApplied() });

for (const server of serversWithUsers()) {
  test(`forged, ${server.name}: no part publishes what is another's to say`, async (t) => {
    const host = await server.start(t);
    let refused = 0;
    for (const user of BUS_USER_NAMES) {
      const foreign = EVENT_KINDS.filter((kind) => !(rightsOf(user).publishes as readonly string[]).includes(kind));
      const body = Buffer.from(encodeEvent(aModelEvent(1))).toString("latin1");
      const client = await rawClient(t, host, user);
      const said = await client.refusals(foreign.map((kind) => `PUB ${SUBJECTS[kind]} ${body.length}\r\n${body}\r\n`));
      foreign.forEach((kind, i) =>
        assert.deepEqual(said[i], [`Permissions Violation for Publish to "${SUBJECTS[kind]}"`], `${user}: ${kind}`),
      );
      refused += foreign.length;
    }
    record(import.meta.filename, { tried: refused, held: refused, refused });
  });
}

for (const { name, program } of natsPrograms()) {
  test(`forged, ${name}: what the server sends to a reply subject is passed over, plain and durable`, async (t) => {
    const server = await standingServer(t, program);
    const collector = await natsBus(server.as("metrics-collector"));
    const connector = await natsBus(server.as("connector"));
    t.after(() => Promise.all([collector.close(), connector.close()]));
    const decided: string[] = [];
    const listening = await natsBus(server.as("dashboard"));
    t.after(() => listening.close());
    await listening.subscribe("applied", async ({ id }) => void decided.push(id));
    const durable = { durable: "connector-applied", queue: "connector" };
    await connector.subscribe("applied", async ({ id }) => void decided.push(id), durable);

    // With every right there is, as it would be without the table: the bare bytes of a bucket, under the victim's subject.
    const admin = await connectAs(server, "admin");
    t.after(() => admin.close());
    const jsm = await jetstreamManager(admin);
    await jsm.streams.add({ name: "KV_evil", subjects: ["$KV.evil.>"], allow_direct: true });
    const forged = Buffer.from(encodeEvent(aModelEvent(7)))
      .toString()
      .replaceAll("replicant.model", "replicant.applied");
    await admin.request("$KV.evil.x", forged.replace('"trainer"', '"scaler"'));
    const ask = Buffer.from(JSON.stringify({ last_by_subj: "$KV.evil.x" }));
    admin.publish("$JS.API.DIRECT.GET.KV_evil", ask, { reply: "replicant.applied" });
    admin.publish("$JS.API.STREAM.MSG.GET.KV_evil", ask, { reply: "replicant.applied" });
    await eventually(() => listening.counters().foreign + listening.counters().undecodable >= 2, {
      what: "both passed over",
    });
    assert.equal(listening.counters().foreign, 1, "the direct answer is known by its headers");
    const { foreign, undecodable } = connector.counters();
    await eventually(() => connector.counters().foreign + connector.counters().undecodable >= 2, {
      what: `both kept and passed over, ${foreign} and ${undecodable}`,
    });
    assert.equal(connector.counters().foreign, 1);
    assert.deepEqual(decided, []);
    record(import.meta.filename, { tried: 4, held: 4 });
  });

  test(`forged, ${name}: no part makes a bucket that the server sends on, not even where there is none yet`, async (t) => {
    const server = await standingServer(t, program, { isSetUp: false });
    const listening = await connectAs(server, "scaler");
    const setting = await natsBus(server.as("admin"));
    t.after(() => Promise.all([listening.close(), setting.close()]));
    const heard: string[] = [];
    listening.subscribe("replicant.window", { callback: (_, message) => void heard.push(message.string()) });
    await listening.flush();
    let tried = 0;
    for (const user of BUS_USER_NAMES) {
      const client = await connectAs(server, user);
      for (const store of ["lease", "control", "signatures", "models"] as const) {
        const stream = streamOf(store, "replicant");
        const subject = store === "models" ? "$O.replicant-models.M.x" : `$KV.replicant-${store}.x`;
        for (const dest of ["replicant.window", "replicant.applied", "$KV.replicant-control.frozen"]) {
          const making = { name: stream, subjects: [subject], storage: "memory", republish: { src: subject, dest } };
          await assert.rejects(
            client.request(`$JS.API.STREAM.CREATE.${stream}`, JSON.stringify(making), { timeout: 5_000 }),
            /permission/i,
            `${user}: ${stream}`,
          );
          tried++;
        }
        client.publish(subject, '{"forged":"window"}');
        await client.flush();
      }
      await client.close();
    }
    const admin = await connectAs(server, "admin");
    t.after(() => admin.close());
    admin.publish("replicant.window", "the last one");
    await eventually(() => heard.length > 0, { what: "the last one" });
    assert.deepEqual(heard, ["the last one"]);
    record(import.meta.filename, { tried, held: tried, refused: tried });
  });

  test(`forged, ${name}: a bucket that the server sends on, from before, is known by its messages, and is not set up over`, async (t) => {
    const server = await standingServer(t, program, { isSetUp: false });
    const admin = await connectAs(server, "admin");
    t.after(() => admin.close());
    const jsm = await jetstreamManager(admin);
    const republish = { src: "$KV.replicant-signatures.x", dest: "replicant.applied" };
    const bucket = { name: "KV_replicant-signatures", subjects: ["$KV.replicant-signatures.>"] };
    await jsm.streams.add({ ...bucket, republish });
    const setUp = () => setUpBus({ ...server.as("admin"), isOurServer: true }, systemClock, () => {});
    await assert.rejects(
      setUp(),
      /stream 'KV_replicant-signatures' has republish, so what is in it may .* go anywhere/,
    );

    const plain = await natsBus(server.as("dashboard"));
    const durable = await natsBus(server.as("connector"));
    t.after(() => Promise.all([plain.close(), durable.close()]));
    const decided: string[] = [];
    await plain.subscribe("applied", async ({ id }) => void decided.push(id));
    await durable.subscribe("applied", async ({ id }) => void decided.push(id), {
      ...{ durable: "connector-applied", queue: "connector" },
    });
    const forged = encodeEvent(appliedEvent());
    const client = await connectAs(server, "policy-inference");
    t.after(() => client.close());
    await client.request(republish.src, forged, { timeout: 5_000 });
    for (const bus of [plain, durable]) await eventually(() => bus.counters().foreign === 1, { what: "passed over" });
    assert.deepEqual(decided, []);
    // The same bytes from who may say so: it is not for their content that they were passed over.
    const scaler = await natsBus(server.as("scaler"));
    t.after(() => scaler.close());
    await scaler.publish(appliedEvent());
    await eventually(() => decided.length === 2, { what: "the scaler's own" });
    assert.deepEqual([plain.counters().foreign, durable.counters().foreign], [1, 1]);
    await jsm.streams.delete(bucket.name);
    await (await setUp())!.close();
    record(import.meta.filename, { tried: 2, held: 2 });
  });

  test(`forged, ${name}: no part's receipt, answer or message is a purge`, async (t) => {
    const server = await standingServer(t, program);
    const collector = await natsBus(server.as("metrics-collector"));
    const trainer = await natsBus(server.as("trainer"));
    t.after(() => Promise.all([collector.close(), trainer.close()]));
    for (let n = 1; n <= 5; n++) await trainer.publish(aModelEvent(n));
    const admin = await connectAs(server, "admin");
    t.after(() => admin.close());
    const jsm = await jetstreamManager(admin);
    const kept = async () => (await jsm.streams.info("REPLICANT")).state.messages;
    const calls = ["STREAM.PURGE", "STREAM.DELETE", "STREAM.MSG.DELETE", "STREAM.UPDATE"];
    let tried = 0;
    for (const user of BUS_USER_NAMES) {
      const client = await connectAs(server, user);
      for (const call of calls) {
        const reply = `$JS.API.${call}.REPLICANT`;
        for (const subject of permissionsOf(user, "replicant").publish.filter((one) => !/[*>]/.test(one))) {
          client.publish(subject, '{"seq":1}', { reply });
          tried++;
        }
      }
      await client.flush();
      await client.close();
    }
    // The last of them has been worked on when this one is there.
    const before = await kept();
    await trainer.publish(aModelEvent(6));
    const { state } = await jsm.streams.info("REPLICANT");
    assert.equal(state.first_seq, 1);
    assert.equal(state.num_deleted ?? 0, 0);
    assert.ok(before >= 5);
    await assert.rejects(jsm.streams.purge("REPLICANT"), /purge/, "not even who may ask");
    record(import.meta.filename, { tried, held: tried, refused: tried, acknowledgedLost: 0 });
  });

  test(`forged, ${name}: an id that a part will use next is not another's to take`, async (t) => {
    const server = await standingServer(t, program);
    const collector = await natsBus(server.as("metrics-collector"));
    const trainer = await natsBus(server.as("trainer"));
    t.after(() => Promise.all([collector.close(), trainer.close()]));
    const thief = await connectAs(server, "load-generator");
    t.after(() => thief.close());
    const next = aModelEvent(1);
    for (const claimed of [next.id, `trainer:${next.id}`]) {
      const claim = headers();
      claim.set("Nats-Msg-Id", claimed);
      await thief.request(SUBJECTS.load, "{}", { headers: claim, timeout: 5_000 });
    }
    const heard: number[] = [];
    const connector = await natsBus(server.as("connector"));
    t.after(() => connector.close());
    await connector.subscribe("model", async (event) => void heard.push(numberOf(event)), {
      ...{ durable: "connector-model", queue: "connector" },
    });
    await trainer.publish(next);
    await trainer.publish(next);
    await trainer.publish(aModelEvent(2));
    await eventually(() => heard.includes(2), { what: "the trainer's next event" });
    assert.deepEqual(heard, [1, 2], "its own second one falls away, its first does not");
    record(import.meta.filename, { tried: 2, held: 2, acknowledgedLost: 0 });
  });
}
