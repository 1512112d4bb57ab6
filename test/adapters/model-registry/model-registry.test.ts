/** One suite for every registry: a folder, and JetStream's object store on every nats-server that is here. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { packed, unpacked, digestOf } from "#shared/adapters/model-registry/archive.ts";
import { folderRegistry } from "#shared/adapters/model-registry/folder.ts";
import { natsRegistry } from "#shared/adapters/model-registry/nats.ts";
import { openRegistry } from "#shared/adapters/model-registry/open-registry.ts";
import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { writeFiles } from "#shared/adapters/model-store.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import type { ModelControl } from "#shared/core/model.ts";
import type { ModelRegistry } from "#shared/ports/model-registry.ts";
import { checkpointFiles } from "#test/support/a-checkpoint.ts";
import { natsPrograms, testBroker, testNatsServer } from "#test/support/nats-server.ts";

const CONTROL: ModelControl = {
  functionName: "stress",
  policy: "model:lstm-ppo-plus",
  step: 2_000,
  before: { step: null },
  mode: "canary",
  version: "4d60e7f70884",
  reason: "step 2000 is better",
  atMs: 30_000,
};

function suite(name: string, open: () => Promise<{ registry: ModelRegistry; close: () => Promise<void> }>): void {
  describe(name, () => {
    let registry: ModelRegistry;
    let close: () => Promise<void>;
    before(async () => ({ registry, close } = await open()));
    after(() => close());

    test("an empty one has no models, and nobody has said anything", async () => {
      assert.deepEqual(await registry.modelsOf("stress").steps(), []);
      assert.equal(await registry.control("stress"), null);
      await assert.rejects(registry.modelsOf("stress").read(3), /no checkpoint/);
      await assert.rejects(registry.modelsOf("stress").read(null), /no checkpoint/);
    });

    test("gives back what was put in, by function and step", async () => {
      const [one, two] = [checkpointFiles({ seed: 1 }), checkpointFiles({ seed: 2 })];
      await registry.modelsOf("stress").write(2_000, one);
      await registry.modelsOf("stress").write(10_000, two);
      await registry.modelsOf("other").write(5, two);
      assert.deepEqual(await registry.modelsOf("stress").steps(), [2_000, 10_000]);
      assert.deepEqual(await registry.modelsOf("other").steps(), [5]);
      assert.equal(digestOf(await registry.modelsOf("stress").read(2_000)), digestOf(one));
      assert.equal(digestOf(await registry.modelsOf("stress").read(null)), digestOf(two));
    });

    test("what is removed is gone, and only that; what is not there may be removed", async () => {
      const store = registry.modelsOf("third");
      for (const step of [1, 2, 3]) await store.write(step, checkpointFiles({ seed: step }));
      await store.remove(2);
      await store.remove(2);
      assert.deepEqual(await store.steps(), [1, 3]);
      await assert.rejects(store.read(2), /no checkpoint of step 2/);
      assert.equal(digestOf(await store.read(null)), digestOf(checkpointFiles({ seed: 3 })));
      await store.write(2, checkpointFiles({ seed: 4 }));
      assert.deepEqual(await store.steps(), [1, 2, 3]);
    });

    test("what a model may do is replaced as a whole", async () => {
      await registry.setControl(CONTROL);
      await registry.setControl({ ...CONTROL, mode: "auto" });
      assert.deepEqual(await registry.control("stress"), { ...CONTROL, mode: "auto" });
      assert.equal(await registry.control("other"), null);
    });
  });
}

suite("a registry in a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "replicant-registry-"));
  return { registry: folderRegistry(folder), close: () => rm(folder, { recursive: true }) };
});

for (const { name, program } of natsPrograms()) {
  suite(`a registry in the object store of ${name}`, async () => {
    const server = await testNatsServer(program);
    const options = { servers: server.url, token: server.token, name: "test", bucket: "replicant-models" };
    const registry = (await natsRegistry(options, systemClock, () => {}))!;
    return {
      registry,
      close: async () => {
        await registry.close();
        await server.close();
      },
    };
  });
}

test("where there is no object store the registry is the folder", async () => {
  const broker = await testBroker();
  const bus = { servers: broker.url, token: broker.token, name: "test", subjectPrefix: "replicant" };
  const registry = await openRegistry({ kind: "auto", folder: "/nowhere", bus }, systemClock, () => {});
  assert.equal(registry.place, "folder /nowhere");
  await registry.close();
  await broker.close();
});

test("a registry in a folder keeps to its folder, and names the file that it cannot read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "replicant-registry-"));
  const registry = folderRegistry(folder);
  assert.throws(() => registry.modelsOf("../../etc"), /was: '\.\.\/\.\.\/etc'/);
  await registry.setControl(CONTROL);
  for (const [text, why] of [
    ["{", /control\.json: is not JSON/],
    ["null", /control\.json: functionName cannot be/],
    [JSON.stringify({ ...CONTROL, mode: "wild" }), /control\.json: mode cannot be '"wild"'/],
    [JSON.stringify({ ...CONTROL, step: -1 }), /control\.json: step cannot be '-1'/],
  ] as const) {
    await writeFile(join(folder, "stress", "control.json"), text);
    await assert.rejects(registry.control("stress"), why);
  }
  await rm(folder, { recursive: true });
});

describe("an archive of files", () => {
  const files = { "model.json": Buffer.from("{}"), "weights.bin": Buffer.from([0, 10, 255]) };
  test("is unpacked to the same files", () => {
    const back = unpacked("it", packed(files));
    assert.deepEqual(Object.keys(back), ["model.json", "weights.bin"]);
    assert.equal(digestOf(back), digestOf(files));
  });
  for (const [name, bytes] of [
    ["nothing", Buffer.alloc(0)],
    ["noise", Buffer.from([1, 2, 3, 10, 4])],
    ["a cut one", packed(files).slice(0, -1)],
    ["one with more behind it", Buffer.concat([packed(files), Buffer.from([0])])],
    ["a path for a name", Buffer.from('[{"name":"../x","bytes":0}]\n')],
    ["a size that is none", Buffer.from('[{"name":"x","bytes":-1}]\n')],
    ["a list of nothing", Buffer.from("[null]\n")],
  ] as const) {
    test(`${name} is refused`, () => assert.throws(() => unpacked("it", bytes), { name: "BadInputError" }));
  }
});

test("shipped models have names; a bare agent's name is its corrected form", async () => {
  const folder = await mkdtemp(join(tmpdir(), "replicant-shipped-"));
  const files = checkpointFiles();
  for (const name of ["ppo-paper", "lstm-ppo-plus-corrected", "lstm-ppo-plus-paper"])
    await writeFiles(join(folder, name), files);
  const models = shippedModels(folder);
  for (const name of ["lstm-ppo-plus", "lstm-ppo-plus@paper", "ppo@paper", join(folder, "ppo-paper")])
    assert.equal(digestOf(await models.read(name)), digestOf(files), name);
  await assert.rejects(models.read("ppo"), /no model is called 'ppo'; shipped are lstm-ppo-plus-corrected, /);
  await assert.rejects(models.read("../ppo-paper"), /no model is called/);
  await rm(folder, { recursive: true });
});
