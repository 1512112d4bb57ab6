/** The trainer killed, without a disk, without its store; and models that cannot be used: nothing acknowledged is lost, no bad model decides. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test, type TestContext } from "node:test";

import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import { natsRegistry } from "#shared/adapters/model-registry/nats.ts";
import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import type { ModelControl } from "#shared/core/model.ts";
import { seededRandom } from "#shared/core/random.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import type { CheckpointFiles } from "#shared/rl/checkpoint/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { aCheckpoint, checkpointFiles } from "#test/support/a-checkpoint.ts";
import { anApplied, aProposal } from "#test/support/a-decision.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { smallDisk, type SmallDisk } from "#test/support/faults/small-disk.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { natsPrograms, testNatsServer } from "#test/support/nats-server.ts";
import { record } from "#test/support/faults/figures.ts";
import { startLoop, WINDOW_SECONDS } from "#test/support/faults/loop.ts";
import { assertPromises } from "#test/support/faults/promises.ts";
import { createAssignments } from "#functions/policy-inference/assignments.ts";
import { createModels } from "#functions/policy-inference/models.ts";
import { createPublisher } from "#services/trainer/publishing/publisher.ts";
import { RegistryCopy } from "#services/trainer/publishing/registry-copy.ts";
import { TrainedFunction } from "#services/trainer/trained-function.ts";
import { openSegmentLog } from "#services/trainer/memory/segment-log.ts";
import { TrainerMemory } from "#services/trainer/memory/trainer-memory.ts";
import { silentLog } from "#test/support/silent-log.ts";

const SEED = "trainer-1";
const POLICY = "model:lstm-ppo-plus";
const SHIPPED = join(import.meta.dirname, "../../shared/models");

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-trainer-faults-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const control = (changes: Partial<ModelControl>): ModelControl => ({
  ...{ functionName: "stress", policy: POLICY, step: null, before: null, mode: "auto", version: null },
  ...{ reason: "a test", atMs: 0 },
  ...changes,
});

test("killed at random while it writes: each acknowledged window is there once, and none is misread", async (t) => {
  const folder = await aFolder(t);
  const random = seededRandom(SEED);
  const acknowledged = new Set<number>();
  let cut = 0;
  const kills = 5;
  for (let round = 0; round < kills; round++) {
    const from = Math.max(0, ...acknowledged) + 1_000;
    const writer = spawn(
      process.execPath,
      ["--import", "tsx", join(import.meta.dirname, "../support/faults/log-writer.ts"), folder, String(from)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    t.after(() => writer.kill("SIGKILL"));
    const most = 20 + random.integer(200);
    let told = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      if (line === "ready") continue;
      acknowledged.add(Number(line));
      if (++told === most) writer.kill("SIGKILL");
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
    assert.equal(writer.signalCode, "SIGKILL");

    const log = await openSegmentLog(nodeFiles, folder);
    cut += log.losses.filter(({ cutBytes }) => cutBytes > 0).length;
    assert.deepEqual(
      log.losses.filter(({ damagedLines }) => damagedLines > 0),
      [],
      "a line was misread",
    );
    const found = new Set(log.found.map((line) => (line as { window: { seq: number } }).window.seq));
    assert.deepEqual(
      [...acknowledged].filter((seq) => !found.has(seq)),
      [],
      `of ${acknowledged.size} acknowledged`,
    );
    assert.equal(log.found.length, found.size, "a window is there twice");
    assert.equal(new TrainerMemory(log).logStatus.damaged, 0);
    await log.close();
  }
  t.diagnostic(`${acknowledged.size} acknowledged, ${kills} kills, ${cut} cut lines`);
  record(import.meta.filename, { tried: kills, held: kills, acknowledgedLost: 0 });
});

describe("proposals and decisions of functions that no window told of", () => {
  const window = (seq: number) => ({ kind: "window", managed: aManaged(), window: aWindow({ seq }) }) as const;
  const proposal = (functionName: string, seq = 1) =>
    ({ kind: "proposal", proposal: aProposal({ functionName, seq }) }) as const;
  const applied = (seq: number) => ({ kind: "applied", applied: anApplied({ seq }) }) as const;
  const madeUp = Array.from({ length: 3_000 }, (_, i) => proposal(`made-up-${i}`));

  test("thousands of made-up names: none is written, and a function's first window is heard all the same", async (t) => {
    const log = await openSegmentLog(nodeFiles, await aFolder(t));
    t.after(() => log.close());
    const memory = new TrainerMemory(log);
    for (const fact of madeUp) await memory.take(fact);
    assert.equal(memory.logStatus.facts, 0);
    for (const fact of [window(1), proposal("stress"), applied(1), window(2)]) await memory.take(fact);
    assert.deepEqual([memory.logStatus.facts, memory.joins.joined], [4, 1]);
    assert.ok(memory.logStatus.implausible >= 2_800, `${memory.logStatus.implausible} gave way`);
    record(import.meta.filename, { tried: madeUp.length, held: madeUp.length });
  });

  test("a log that is full of them from before deafens nobody", async (t) => {
    const folder = await aFolder(t);
    let log = await openSegmentLog(nodeFiles, folder);
    await Promise.all(madeUp.map((fact) => log.append(fact)));
    await log.close();
    log = await openSegmentLog(nodeFiles, folder);
    t.after(() => log.close());
    const memory = new TrainerMemory(log);
    for (const fact of [window(1), proposal("stress"), applied(1), window(2)]) await memory.take(fact);
    assert.deepEqual([memory.logStatus.facts, memory.logStatus.damaged, memory.joins.joined], [4, 0, 1]);
    record(import.meta.filename, { tried: 1, held: 1 });
  });

  test("what comes before its function's first window waits for it, is written then, and is there after a restart", async (t) => {
    const folder = await aFolder(t);
    let log = await openSegmentLog(nodeFiles, folder);
    const memory = new TrainerMemory(log);
    for (const fact of [proposal("stress"), applied(1), proposal("stress")]) await memory.take(fact);
    assert.equal(memory.logStatus.facts, 0);
    await memory.take(window(1));
    await memory.take(window(2));
    assert.deepEqual([memory.logStatus.facts, memory.joins.joined], [4, 1]);
    await log.close();
    log = await openSegmentLog(nodeFiles, folder);
    t.after(() => log.close());
    const again = new TrainerMemory(log);
    assert.deepEqual([again.logStatus.facts, again.joins.joined], [4, 1]);
    record(import.meta.filename, { tried: 1, held: 1, acknowledgedLost: 0 });
  });
});

describe("the trainer's disk", () => {
  // A file that is open for writing keeps a disk from becoming read-only: there the trainer starts anew.
  for (const { how, spoil, because, isOpen } of [
    { how: "full", spoil: (disk: SmallDisk) => disk.fill(), because: /the disk is full/, isOpen: true },
    {
      how: "read-only",
      spoil: (disk: SmallDisk) => disk.readOnly(),
      because: /the file system is read-only/,
      isOpen: false,
    },
  ]) {
    test(`${how}: facts are not acknowledged, the status says why, and all goes on when it is mended`, async (t) => {
      const disk = await smallDisk(t);
      if (!disk) return;
      const folder = join(disk.folder, "trainer");
      const open = () => openSegmentLog(nodeFiles, folder, { segmentBytes: 4_000, maxSegments: 100 });
      let log = await open();
      let memory = new TrainerMemory(log);
      const take = (seq: number) =>
        memory.take({ kind: "window", managed: aManaged(), window: aWindow({ seq }) }).then(
          () => true,
          () => false,
        );
      for (let seq = 1; seq <= 5; seq++) assert.ok(await take(seq));
      if (!isOpen) await log.close();
      await spoil(disk);
      if (!isOpen) {
        log = await open();
        memory = new TrainerMemory(log);
        assert.equal(memory.logStatus.facts, 5, "what it knows it knows");
      }
      // The page that was begun may still take a few.
      let seq = 5;
      while (await take(seq + 1)) seq++;
      assert.match(memory.logStatus.problem!, because);
      assert.match(memory.logStatus.problem!, /not acknowledged and is delivered again$/);
      assert.equal(await take(seq + 1), false, "it comes again, and is refused again");
      // What takes control away from a model does not wait for the disk.
      await memory.controlAnyway(control({ mode: "shadow" }));
      assert.equal(memory.controls.get("stress")!.mode, "shadow");
      await disk.relieve();
      assert.ok(await take(seq + 1));
      await memory.writeLate();
      assert.equal(memory.logStatus.problem, null);
      await log.close();
      const again = await openSegmentLog(nodeFiles, folder);
      const seqs = again.found.flatMap((line) => (line as { window?: { seq: number } }).window?.seq ?? []);
      assert.deepEqual(
        seqs,
        Array.from({ length: seq + 1 }, (_, i) => i + 1),
      );
      assert.equal(new TrainerMemory(again).controls.get("stress")!.mode, "shadow");
      await again.close();
      record(import.meta.filename, { tried: 1, held: 1, acknowledgedLost: 0 });
    });
  }
});

describe("the store of models comes back empty", () => {
  for (const { name, program } of natsPrograms()) {
    test(`${name}: a model that was rolled back gets no control, before the trainer has spoken or after`, async (t) => {
      const server = await testNatsServer(program);
      t.after(() => server.close());
      const kernel = await kernelBytes;
      const options = { servers: server.url, token: server.token, bucket: "replicant-models" };
      const open = async (who: string) => {
        const registry = (await natsRegistry({ ...options, name: who }, systemClock, () => {}))!;
        t.after(() => registry.close());
        return registry;
      };
      const source = shippedModels(SHIPPED);
      const [trainers, inferences] = [await open("trainer"), await open("policy-inference")];
      const log = await openSegmentLog(nodeFiles, await aFolder(t));
      t.after(() => log.close());
      const memory = new TrainerMemory(log);
      const trained = new TrainedFunction(memory.of("stress"), silentLog);
      const bus = memoryBus();
      t.after(() => bus.close());
      const deps = { memory, registry: trainers, clock: systemClock, log: silentLog };
      const copy = new RegistryCopy({ ...deps, trainedFunction: () => trained });
      const publisher = createPublisher({ ...deps, copy, bus, source });
      const managed = aManaged({ policy: POLICY });
      const serving = (await publisher.servingModelOf(trained, managed))!;
      const shadow = control({ mode: "shadow", version: serving.version });
      await publisher.change(trained, serving, shadow, "rolled-back");

      const anInference = (registry: typeof inferences) =>
        createAssignments({
          ...{ registry, nowMs: () => performance.now(), controlFrom: "trainer", log: () => {} },
          models: createModels({
            registry,
            source,
            makeEngine: (spec, weights) => createWasmEngine(kernel, spec, weights),
          }),
        });
      const advises = async (assignments: ReturnType<typeof anInference>) => {
        await assignments.refresh("stress");
        const assignment = await assignments.of(managed);
        return assignment.withheld === null && assignment.isAdvice;
      };
      const lasting = anInference(inferences);
      assert.equal(await advises(lasting), true);

      await server.kill();
      await server.restart(true);
      await eventually(async () => (await inferences.control("stress")) === null, {
        ...{ timeoutMs: 30_000, what: "an empty store" },
      });
      const restarted = anInference(await open("policy-inference anew"));
      for (const assignments of [lasting, restarted])
        assert.equal(await advises(assignments), true, "the trainer has not spoken");

      const ending = new AbortController();
      const copying = copy.run(ending.signal);
      t.after(async () => {
        ending.abort();
        await copying;
      });
      await eventually(async () => (await inferences.control("stress"))?.mode === "shadow", {
        ...{ timeoutMs: 30_000, what: "the verdict on the registry again" },
      });
      for (const assignments of [lasting, restarted]) assert.equal(await advises(assignments), true);
      // An operator's word still counts.
      await publisher.setMode(trained, "auto", "an operator says so");
      for (const assignments of [lasting, restarted]) assert.equal(await advises(assignments), false);
      record(import.meta.filename, { tried: 1, held: 1 });
    });
  }
});

describe("a model that cannot be used is published", () => {
  const whole = aCheckpoint();
  const withWeights = (change: (value: number, i: number) => number): CheckpointFiles =>
    encodeCheckpoint({
      ...whole,
      weights: whole.weights.map((tensor) => tensor.map((value, i) => change(value, i))),
      continuation: null,
    });
  const nan = (): CheckpointFiles => {
    const files = checkpointFiles();
    const weights = Buffer.from(files["weights.bin"]!);
    weights.writeFloatLE(NaN, 40);
    return { ...files, "weights.bin": weights };
  };
  const cut = (name: string): CheckpointFiles => {
    const files = checkpointFiles();
    return { ...files, [name]: files[name]!.slice(0, files[name]!.length / 2) };
  };
  for (const { name, files, because } of [
    { name: "with NaN in its weights", files: nan(), because: /begins no finite number, was: 'NaN'/ },
    { name: "whose weights are cut", files: cut("weights.bin"), because: /must have \d+ bytes for this network/ },
    { name: "whose record is cut", files: cut("training.json"), because: /training\.json: / },
    {
      name: "whose numbers overflow",
      files: withWeights((_, i) => (i % 2 === 0 ? 3e38 : -3e38)),
      because: /computes no finite number from this window/,
    },
  ]) {
    test(`${name}: refused with a sentence, the rule decides within two windows, and the next model serves without a restart`, async (t) => {
      const loop = await startLoop(t);
      const decidedBy = () => loop.applied.filter(({ seq }) => seq !== null).at(-1)!.trigger;
      await loop.pass(4 * WINDOW_SECONDS);
      assert.equal(decidedBy(), "proposal");
      await loop.registry.modelsOf("stress").write(2_000, files);
      await loop.registry.setControl(control({ step: 2_000 }));
      await loop.assignments.refresh("stress");
      const before = loop.applied.length;
      await loop.pass(3 * WINDOW_SECONDS);
      const during = loop.applied.slice(before).filter(({ seq }) => seq !== null);
      assert.deepEqual([...new Set(during.map(({ trigger }) => trigger))], ["fallback"]);
      assert.ok(during.length >= 2, `${during.length} decisions in three windows`);
      assert.match([...loop.said, ...loop.refusals].join("\n"), because);
      assertPromises({ windows: loop.windows, applied: loop.applied });

      await loop.registry.setControl(control({ step: null }));
      await loop.assignments.refresh("stress");
      await loop.pass(2 * WINDOW_SECONDS);
      assert.equal(decidedBy(), "proposal");
      record(import.meta.filename, { tried: 1, held: 1, recoveryWindows: 2, scaleDownsOnMissing: 0 });
    });
  }

  test("models that take turns in wanting all and nothing: the guard's steps and bounds hold, nothing flaps", async (t) => {
    const loop = await startLoop(t);
    const [up, down] = [
      [0, 0, 0, 0, 1_000],
      [1_000, 0, 0, 0, 0],
    ].map((bias) => checkpointFiles({ bias }));
    await loop.registry.modelsOf("stress").write(1, up!);
    await loop.registry.modelsOf("stress").write(2, down!);
    await loop.pass(2 * WINDOW_SECONDS);
    const from = loop.applied.length;
    for (let turn = 0; turn < 12; turn++) {
      await loop.registry.setControl(control({ step: 1 + (turn % 2) }));
      await loop.assignments.refresh("stress");
      await loop.pass(WINDOW_SECONDS);
    }
    const decisions = loop.applied.slice(from).filter(({ seq }) => seq !== null);
    assert.ok(decisions.length >= 10, `${decisions.length} decisions`);
    const wished = new Set(decisions.map(({ proposed, current }) => Math.sign((proposed ?? 0) - (current ?? 0))));
    assert.ok(wished.has(1) && wished.has(-1), "they wished for both");
    const counts = loop.applied.slice(from).flatMap(({ applied }) => applied ?? []);
    const turns = counts.filter(
      (count, i) => i > 1 && (count - counts[i - 1]!) * (counts[i - 1]! - counts[i - 2]!) < 0,
    );
    assert.deepEqual(turns, [], `it flapped: ${counts.join(" ")}`);
    assert.ok(counts.every((count) => count >= 1 && count <= 12));
    assertPromises({ windows: loop.windows, applied: loop.applied });
    record(import.meta.filename, { tried: 1, held: 1 });
  });
});
