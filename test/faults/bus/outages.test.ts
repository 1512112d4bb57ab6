/** The bus killed, frozen, slow, emptied, and its users changed under running parts: nothing acknowledged is lost, and no part is restarted. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { natsBus, type NatsBus, type NatsBusOptions } from "#shared/adapters/nats/nats-bus.ts";
import { setUpBus } from "#shared/adapters/nats/set-up.ts";
import { openRegistry } from "#shared/adapters/model-registry/open-registry.ts";
import { natsLeaseStore } from "#shared/adapters/lease/nats-store.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { checkpointFiles } from "#test/support/a-checkpoint.ts";
import { aModelEvent, numberOf } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";
import { slowRoad } from "#test/support/faults/slow-road.ts";
import { natsPrograms } from "#test/support/nats-server.ts";
import { standingServer } from "#test/support/nats-standing.ts";
import { ALL_LOGINS, passwordOf } from "#test/support/nats-users.ts";
import { record } from "#test/support/faults/figures.ts";

async function open(t: TestContext, options: NatsBusOptions): Promise<NatsBus> {
  const bus = await natsBus({ publishTimeoutMs: 30_000, ...options });
  t.after(() => bus.close());
  return bus;
}

/** The trainer publishes one event after another, the connector takes them; both go on whatever happens. */
async function pair(t: TestContext, trainer: NatsBus, connector: NatsBus) {
  const acknowledged: number[] = [];
  const heard = new Set<number>();
  await connector.subscribe("model", async (event) => void heard.add(numberOf(event)), {
    ...{ durable: "connector-model", queue: "connector" },
  });
  const ending = new AbortController();
  const publishing = (async () => {
    for (let n = 1; !ending.signal.aborted; n++) {
      await trainer.publish(aModelEvent(n)).then(
        () => acknowledged.push(n),
        () => {},
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  t.after(() => ending.abort());
  return {
    acknowledged,
    heard,
    /** Resolves when so many more were acknowledged and taken. */
    async goesOn(more: number) {
      const goal = acknowledged.length + more;
      await eventually(() => acknowledged.length >= goal && heard.has(acknowledged[goal - 1]!), {
        ...{ what: `${more} more events`, timeoutMs: 40_000 },
      });
    },
    async end(): Promise<number> {
      ending.abort();
      await publishing;
      const lost = () => acknowledged.filter((n) => !heard.has(n));
      await eventually(() => lost().length === 0, { what: `lost: ${lost().join()}`, timeoutMs: 20_000 }).catch(
        () => {},
      );
      return lost().length;
    },
  };
}

for (const { name, program } of natsPrograms()) {
  test(`outages, ${name}: killed and frozen, every acknowledged event arrives`, { timeout: 180_000 }, async (t) => {
    const server = await standingServer(t, program);
    await open(t, server.as("metrics-collector"));
    const { goesOn, end } = await pair(t, await open(t, server.as("trainer")), await open(t, server.as("connector")));
    await goesOn(20);
    await server.kill();
    await server.start();
    await goesOn(20);
    server.signal("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    server.signal("SIGCONT");
    await goesOn(20);
    assert.equal(await end(), 0);
    record(import.meta.filename, { tried: 2, held: 2, acknowledgedLost: 0 });
  });

  test(`outages, ${name}: slow, nothing is lost, and all is there soon after`, { timeout: 180_000 }, async (t) => {
    const server = await standingServer(t, program);
    const road = await slowRoad(t, server.host);
    const over = (user: string) => ({ ...server.as(user), servers: road.host });
    await open(t, server.as("metrics-collector"));
    const { acknowledged, goesOn, end } = await pair(
      t,
      await open(t, over("trainer")),
      await open(t, over("connector")),
    );
    await goesOn(20);
    const before = acknowledged.length;
    road.delay(700);
    await goesOn(5);
    assert.ok(acknowledged.length < before + 50, "it was slow");
    road.delay(0);
    const lifted = performance.now();
    await goesOn(50);
    const recoverySeconds = (performance.now() - lifted) / 1_000;
    assert.equal(await end(), 0);
    record(import.meta.filename, { tried: 1, held: 1, recoverySeconds, acknowledgedLost: 0 });
  });

  test(
    `outages, ${name}: back with an empty store, it is set up again, and all goes on`,
    { timeout: 180_000 },
    async (t) => {
      const server = await standingServer(t, program, { isSetUp: false });
      // Nobody but admin may make the stream: who comes before waits for it.
      const connector = await open(t, server.as("connector"));
      const trainer = await open(t, server.as("trainer"));
      const { goesOn } = await pair(t, trainer, connector);
      const setUp = (await setUpBus({ ...server.as("admin"), isOurServer: true }, systemClock, () => {}))!;
      t.after(() => setUp.close());
      const collector = await open(t, server.as("metrics-collector"));
      const registryOf = (user: string) =>
        openRegistry(
          { kind: "nats", folder: "/nowhere", bus: { ...server.as(user), subjectPrefix: "replicant" } },
          systemClock,
          () => {},
        );
      const [writing, reading] = [await registryOf("trainer"), await registryOf("policy-inference")];
      t.after(() => Promise.all([writing.close(), reading.close()]));
      const lease = (await natsLeaseStore(
        { ...server.as("scaler"), bucket: "replicant-lease", key: "scaler" },
        systemClock,
        () => {},
      ))!;
      t.after(() => lease.close());

      for (const forgetful of [false, true]) {
        if (forgetful) {
          await server.kill();
          await server.start(true);
          await eventually(() => collector.state() === "connected", { what: "the collector is back" });
        }
        await goesOn(10);
        assert.deepEqual(await reading.modelsOf("stress").steps(), []);
        const write = () => writing.modelsOf("stress").write(1, checkpointFiles());
        await eventually(
          () =>
            write().then(
              () => true,
              () => false,
            ),
          { what: "the buckets" },
        );
        assert.deepEqual(await reading.modelsOf("stress").steps(), [1]);
        await assert.rejects(reading.modelsOf("stress").write(2, checkpointFiles()), /object store could not/);
        assert.equal(await lease.read(), null);
        const version = await lease.write({ holder: "me", fencing: 1, takeAfterMs: 1 }, null);
        assert.equal((await lease.read())?.version, version);
      }
      record(import.meta.filename, { tried: 1, held: 1, refused: 2 });
    },
  );

  test(
    `rotation, ${name}: every user's password is changed twice under a running pair, and nothing is lost`,
    { timeout: 180_000 },
    async (t) => {
      const server = await standingServer(t, program);
      await open(t, server.as("metrics-collector"));
      /** What the mounted secrets hold. */
      const secrets = { trainer: "trainer", connector: "connector" };
      const rotating = (part: keyof typeof secrets): NatsBusOptions => {
        const login = () => ({ user: secrets[part], password: passwordOf(secrets[part]) });
        return { ...server.as(part), ...login(), again: login };
      };
      const { goesOn, end } = await pair(t, await open(t, rotating("trainer")), await open(t, rotating("connector")));
      await goesOn(10);
      const without = (suffix: (user: string) => string) =>
        ALL_LOGINS.filter(({ name: login }) => !["trainer", "connector"].map(suffix).includes(login));
      for (const [present, former] of [
        [(user: string) => `${user}-b`, (user: string) => user],
        [(user: string) => user, (user: string) => `${user}-b`],
      ] as const) {
        // Both names are let in; the secrets change; the former name ends, and with it the connections under it.
        server.reload(ALL_LOGINS);
        await goesOn(5);
        secrets.trainer = present("trainer");
        secrets.connector = present("connector");
        server.reload(without(former));
        await goesOn(20);
        await assert.rejects(natsBus(server.as(former("trainer"))), { name: "BusRefusedError" });
      }
      assert.equal(await end(), 0);
      record(import.meta.filename, { tried: 4, held: 4, refused: 2, acknowledgedLost: 0 });
    },
  );
}
