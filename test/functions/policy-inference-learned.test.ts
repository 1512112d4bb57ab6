/** Learned models in policy-inference: memory, replay, batches, swaps, and what is refused. */
import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { folderRegistry } from "#shared/adapters/model-registry/folder.ts";
import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { writeFiles } from "#shared/adapters/model-store.ts";
import type { ModelControl } from "#shared/core/model.ts";
import { seededRandom } from "#shared/core/random.ts";
import { HISTORY_WINDOWS, type MetricsWindow } from "#shared/core/window.ts";
import type { WindowClosed } from "#shared/events/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import type { ModelRegistry } from "#shared/ports/model-registry.ts";
import { checkpointFiles } from "#test/support/a-checkpoint.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { around } from "#test/support/around.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { createAssignments } from "#functions/policy-inference/assignments.ts";
import { createInference, type InferenceResult } from "#functions/policy-inference/inference.ts";
import { createModels } from "#functions/policy-inference/models.ts";

const ALWAYS_UP_TWO = [0, 0, 0, 0, 1_000];
const ALWAYS_DOWN_TWO = [1_000, 0, 0, 0, 0];
const POLICY = "model:lstm-ppo-plus";

let home: string;
let kernel: Uint8Array;
around(
  async () => {
    home = await mkdtemp(join(tmpdir(), "replicant-models-"));
    kernel = await kernelBytes;
    await writeFiles(join(home, "shipped", "lstm-ppo-plus-corrected"), checkpointFiles());
    await writeFiles(join(home, "shipped", "rising"), checkpointFiles({ bias: ALWAYS_UP_TWO }));
    await cp("shared/models/lstm-ppo-plus-product", join(home, "shipped", "roomy"), { recursive: true });
  },
  () => rm(home, { recursive: true }),
);

/** As the handler puts it together, on a registry of its own. */
async function start(folder?: string, controlFrom: "trainer" | "annotation" = "annotation") {
  const registry = folderRegistry(folder ?? (await mkdtemp(join(home, "registry-"))));
  const said: string[] = [];
  let nowMs = 0;
  const models = createModels({
    registry,
    source: shippedModels(join(home, "shipped")),
    makeEngine: (spec, weights) => createWasmEngine(kernel, spec, weights),
  });
  const assignments = createAssignments({
    registry,
    models,
    nowMs: () => nowMs,
    controlFrom,
    log: (line) => said.push(line),
  });
  const inference = createInference({ assignments, nowMs: () => nowMs });
  return { registry, models, assignments, inference, said, wait: (ms: number) => (nowMs += ms) };
}

/** Windows of a load that goes up and down, some of them not measured. */
function windowsOf(functionName: string, count: number, lossy = true): MetricsWindow[] {
  const random = seededRandom(functionName);
  return Array.from({ length: count }, (_, i) => {
    const arrivals = random.integer(400);
    const isLost = lossy && random.integer(20) === 0;
    return aWindow({
      functionName,
      seq: i + 1,
      arrivals: isLost ? null : arrivals,
      completedOk: arrivals,
      throughputRps: arrivals / 30,
      cpuRatio: random.next(),
      desiredReplicas: 2 + random.integer(6),
    });
  });
}

function closedAt(windows: readonly MetricsWindow[], seq: number, policy = POLICY): WindowClosed {
  const { functionName } = windows[0]!;
  const history = windows.slice(Math.max(0, seq - 1 - HISTORY_WINDOWS), seq - 1);
  return { managed: aManaged({ functionName, policy }), window: windows[seq - 1]!, history };
}

function control(changes: Partial<ModelControl>): ModelControl {
  return {
    functionName: "stress",
    policy: POLICY,
    step: null,
    before: null,
    mode: "auto",
    version: null,
    reason: "a test",
    atMs: 0,
    ...changes,
  };
}

const proposedBy = (result: InferenceResult | undefined) =>
  result?.kind === "proposal" ? result.proposal.proposedReplicas : result?.kind;

describe("the memory of a learned policy", () => {
  test("whoever restarts, whenever, proposes the same bit for bit", async () => {
    const windows = windowsOf("stress", 150);
    const { inference } = await start();
    const actions = new Set<number>();
    for (let seq = 1; seq <= windows.length; seq++) {
      const [result] = await inference.step([closedAt(windows, seq)]);
      if (result!.kind === "proposal") actions.add(result!.proposal.learned!.action);
      if (seq % 7 !== 0 && seq < 140) continue;
      const restarted = await start();
      assert.deepEqual(await restarted.inference.step([closedAt(windows, seq)]), [result], `window ${seq}`);
    }
    assert.ok(actions.size >= 3, `only actions ${[...actions].join(", ")} were taken`);
  });

  test("memory matters: without the history the same window gets another answer", async () => {
    const windows = windowsOf("stress", 40);
    const [told] = await (await start()).inference.step([closedAt(windows, 40)]);
    const [alone] = await (await start()).inference.step([{ ...closedAt(windows, 40), history: [] }]);
    assert.notDeepEqual(alone, told);
  });

  test("functions asked together are answered as each alone, after a restart, too", async () => {
    const names = Array.from({ length: 9 }, (_, i) => `f${i}`);
    const loads = names.map((name, i) => windowsOf(name, 60 + i));
    const together = await start();
    const alone = await start();
    for (const seq of [58, 59, 60]) {
      const closed = loads.map((windows) => closedAt(windows, seq));
      const results = await together.inference.step(closed);
      for (const [i, one] of closed.entries()) assert.deepEqual(await alone.inference.step([one]), [results[i]]);
    }
  });
});

describe("a published model", () => {
  test("takes over with the news, with the memory it would have had; the old one proposes until then", async () => {
    const windows = windowsOf("stress", 50, false);
    const { registry, assignments, inference } = await start();
    await inference.step([closedAt(windows, 42)]);
    await registry.modelsOf("stress").write(2_000, checkpointFiles({ bias: ALWAYS_UP_TWO }));
    await registry.setControl(control({ step: 2_000 }));
    const [during, , after] = await Promise.all([
      inference.step([closedAt(windows, 43)]),
      assignments.refresh("stress"),
      assignments.refresh("stress").then(() => inference.step([closedAt(windows, 44)])),
    ]);
    assert.equal(during[0]!.kind, "proposal");
    const desired = windows[43]!.desiredReplicas!;
    assert.equal(proposedBy(after[0]), desired + 2);
    const restarted = await start(registry.place.replace("folder ", ""));
    assert.deepEqual(await restarted.inference.step([closedAt(windows, 44)]), after);
  });

  test("is found without the news, a while later", async () => {
    const windows = windowsOf("stress", 50, false);
    const { registry, inference, wait } = await start();
    await inference.step([closedAt(windows, 40)]);
    await registry.modelsOf("stress").write(2_000, checkpointFiles({ bias: ALWAYS_UP_TWO }));
    await registry.setControl(control({ step: 2_000 }));
    wait(11_000);
    await inference.step([closedAt(windows, 41)]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(proposedBy((await inference.step([closedAt(windows, 42)]))[0]), windows[41]!.desiredReplicas! + 2);
  });

  test("a model named without 'model:' stays what it is, and so does that of another function", async () => {
    const windows = windowsOf("stress", 3, false);
    const { registry, inference } = await start();
    await registry.modelsOf("stress").write(2_000, checkpointFiles({ bias: ALWAYS_DOWN_TWO }));
    await registry.setControl(control({ step: 2_000, policy: "rising" }));
    const [result] = await inference.step([closedAt(windows, 3, "rising")]);
    assert.equal(proposedBy(result), windows[2]!.desiredReplicas! + 2);
    const other = windowsOf("other", 3, false);
    await registry.setControl(control({ step: 2_000 }));
    const [mine] = await inference.step([closedAt(other, 3, "model:rising")]);
    assert.equal(proposedBy(mine), other[2]!.desiredReplicas! + 2);
  });

  for (const { mode, annotation, told } of [
    { mode: "auto", annotation: "auto", told: { mode: "auto", isAdvice: undefined } },
    { mode: "canary", annotation: "auto", told: { mode: "canary", isAdvice: undefined } },
    { mode: "auto", annotation: "canary", told: { mode: "canary", isAdvice: undefined } },
    { mode: "shadow", annotation: "auto", told: { mode: "auto", isAdvice: true } },
    { mode: "auto", annotation: "shadow", told: { mode: "shadow", isAdvice: undefined } },
    { mode: "shadow", annotation: "shadow", told: { mode: "shadow", isAdvice: undefined } },
  ] as const) {
    test(`the model may do '${mode}', the annotation allows '${annotation}'`, async () => {
      const windows = windowsOf("stress", 3, false);
      const { registry, inference } = await start();
      await registry.setControl(control({ mode }));
      const closed = closedAt(windows, 3);
      const [result] = await inference.step([{ ...closed, managed: { ...closed.managed, mode: annotation } }]);
      assert.equal(result!.kind, "proposal");
      if (result!.kind === "proposal")
        assert.deepEqual({ mode: result!.mode, isAdvice: result!.proposal.isAdvice }, told);
    });
  }

  test("what was said of another version under the same name is no word on this one", async () => {
    const { registry, inference } = await start();
    await registry.setControl(control({ mode: "off", version: "an older one" }));
    const [result] = await inference.step([closedAt(windowsOf("stress", 3, false), 3)]);
    assert.equal(result!.kind, "proposal");
  });

  test("where a trainer speaks, a model of which the registry says nothing advises until it has spoken", async () => {
    const windows = windowsOf("stress", 6, false);
    const { registry, inference, assignments } = await start(undefined, "trainer");
    const isAdvice = async (seq: number) => {
      const [result] = await inference.step([closedAt(windows, seq)]);
      return result!.kind === "proposal" ? result!.proposal.isAdvice === true : result!.kind;
    };
    assert.equal(await isAdvice(2), true);
    assert.deepEqual(assignments.problems(), [
      "the trainer has not said what the model of 'stress' may do: the rule decides",
    ]);
    await registry.setControl(control({ mode: "auto" }));
    assert.equal(await isAdvice(3), false, "from the next window on");
    assert.deepEqual(assignments.problems(), []);
  });

  for (const controlFrom of ["trainer", "annotation"] as const) {
    test(`a registry that was emptied takes back no verdict (control from the ${controlFrom})`, async () => {
      const windows = windowsOf("stress", 6, false);
      const folder = await mkdtemp(join(home, "registry-"));
      const { registry, inference, wait, assignments, said } = await start(folder, controlFrom);
      await registry.setControl(control({ mode: "shadow", reason: "rolled back" }));
      await inference.step([closedAt(windows, 2)]);
      await rm(folder, { recursive: true });
      wait(20_000);
      await assignments.refresh("stress");
      const [result] = await inference.step([closedAt(windows, 3)]);
      assert.equal(result!.kind === "proposal" && result!.proposal.isAdvice, true);
      assert.match(said.join("\n"), /the registry says nothing of the model of 'stress' any more: it stays 'shadow'/);
    });
  }

  test("a model that is off proposes nothing, and says why", async () => {
    const { registry, inference } = await start();
    await registry.setControl(control({ mode: "off", reason: "an operator said so" }));
    const [result] = await inference.step([closedAt(windowsOf("stress", 3, false), 3)]);
    assert.deepEqual(result, {
      kind: "withheld",
      functionName: "stress",
      seq: 3,
      because: "the model is off: an operator said so",
    });
  });

  test("where somebody else proposes nothing is proposed here, whatever the registry holds", async () => {
    const { inference } = await start();
    const closed = closedAt(windowsOf("stress", 3, false), 3);
    const [result] = await inference.step([{ ...closed, managed: { ...closed.managed, policy: "external" } }]);
    const because = "proposals for this function come from outside";
    assert.deepEqual(result, { kind: "withheld", functionName: "stress", seq: 3, because });
  });
});

describe("a model held by ticks", () => {
  const proposalOf = (result: InferenceResult | undefined) => (result?.kind === "proposal" ? result.proposal : null);

  test("proposes a target under its own name; the same checkpoint unheld proposes counts, and both step at once", async () => {
    const { inference, models } = await start();
    const [a, b] = ["a", "b"].map((name) => windowsOf(name, 12, false));
    const [held, plain] = (await inference.step([closedAt(a!, 12, "roomy@held"), closedAt(b!, 12, "roomy")])).map(
      proposalOf,
    );
    assert.deepEqual([held!.policy.name, plain!.policy.name], ["lstm-ppo-plus@product@held", "lstm-ppo-plus@product"]);
    assert.equal(held!.policy.version, plain!.policy.version);
    assert.ok(held!.target!.headroom > 0);
    assert.equal(plain!.target, undefined);
    assert.ok(held!.learned !== null && plain!.learned !== null);
    assert.equal(models.count(), 1);
  });

  test("goes on after a restart from what its last decision contains", async () => {
    const windows = windowsOf("stress", 60, false);
    const { inference } = await start();
    const steps = [];
    for (let seq = 1; seq <= 59; seq++) steps.push(...(await inference.step([closedAt(windows, seq, "roomy@held")])));
    const { policy, target } = proposalOf(steps.at(-1))!;
    const last = closedAt(windows, 60, "roomy@held");
    const [goneOn] = await inference.step([last]);
    const control = { policy, target: target!, span: { seconds: 60, arrivals: 60 }, startSeconds: null };
    const [restarted] = await (await start()).inference.step([{ ...last, control }]);
    assert.deepEqual(restarted, goneOn);
  });

  test("must leave room: one that changes counts is refused", async () => {
    const { inference, models } = await start();
    const [result] = await inference.step([closedAt(windowsOf("stress", 3, false), 3, "rising@held")]);
    assert.ok(result!.kind === "refused" && /only a model whose actions are headrooms/.test(result!.because));
    assert.ok(models.count() <= 1);
  });
});

describe("what is remembered", () => {
  test("is shared by no two policies, however close their windows come", async () => {
    const { registry, inference } = await start();
    const control = registry.control.bind(registry);
    const open: (() => void)[] = [];
    (registry as { control: ModelRegistry["control"] }).control = async (name) => {
      await new Promise<void>((resolve) => open.push(resolve));
      return control(name);
    };
    const windows = windowsOf("stress", 3, false);
    const both = Promise.all([
      inference.step([closedAt(windows, 3, "rising")]),
      inference.step([closedAt(windows, 3, "lstm-ppo-plus@corrected")]),
    ]);
    await eventually(() => open.length === 2, { what: "a reading for each policy" });
    for (const go of open) go();
    const [[rising], [other]] = await both;
    const desired = windows[2]!.desiredReplicas!;
    assert.equal(proposedBy(rising), desired + 2);
    assert.notEqual(proposedBy(other), desired + 2);
  });

  test("of a function that is seen no more is forgotten, with its model", async () => {
    const { inference, assignments, models, wait } = await start();
    for (let i = 0; i < 50; i++) await inference.step([closedAt(windowsOf(`f${i}`, 2, false), 2)]);
    await inference.step([closedAt(windowsOf("g", 2, false), 2, "rising")]);
    assert.deepEqual([Object.keys(assignments.describe()).length, models.count()], [51, 2]);
    wait(3_600_001);
    await inference.step([closedAt(windowsOf("f1", 2, false), 2)]);
    assert.deepEqual(Object.keys(assignments.describe()), ["f1"]);
    assert.deepEqual(Object.keys(inference.memory()), ["f1"]);
    assert.equal(models.count(), 1);
  });

  test("of a function whose policy is a rule now holds no model", async () => {
    const { inference, assignments, models } = await start();
    const windows = windowsOf("stress", 3, false);
    await inference.step([closedAt(windows, 2)]);
    assert.equal(models.count(), 1);
    await inference.step([closedAt(windows, 3, "hpa")]);
    assert.deepEqual([assignments.describe(), models.count()], [{}, 0]);
  });

  test("is bounded, whatever a call is about", async () => {
    const { inference } = await start();
    for (let i = 0; i < 2_100; i++) await inference.step([closedAt(windowsOf(`f${i}`, 1, false), 1, "hpa")]);
    assert.equal(Object.keys(inference.memory()).length, 2_000);
  });
});

describe("a model that cannot be used is refused with a sentence", () => {
  const good = checkpointFiles();
  const training = JSON.parse(Buffer.from(good["training.json"]!).toString()) as Record<string, unknown>;
  const text = (value: unknown) => Buffer.from(JSON.stringify(value));
  const nan = good["weights.bin"]!.slice();
  new DataView(nan.buffer).setFloat32(8, NaN, true);
  for (const { name, files, why } of [
    {
      name: "another layout",
      files: { ...good, "training.json": text({ ...training, layout: "plus-7" }) },
      why: /layout 'plus-7' has 7 numbers, the network takes '8'/,
    },
    {
      name: "an unknown layout",
      files: { ...good, "training.json": text({ ...training, layout: "dreams-3" }) },
      why: /'dreams-3'/,
    },
    {
      name: "cut weights",
      files: { ...good, "weights.bin": good["weights.bin"]!.slice(4) },
      why: /weights\.bin: .*bytes/,
    },
    { name: "weights that are no numbers", files: { ...good, "weights.bin": nan }, why: /weights\.bin: byte 8 .*NaN/ },
    { name: "no JSON", files: { ...good, "training.json": Buffer.from("{") }, why: /training\.json/ },
  ]) {
    test(name, async () => {
      const folder = join(home, name.replaceAll(" ", "-"));
      await writeFiles(folder, files);
      const { inference } = await start();
      const [result] = await inference.step([closedAt(windowsOf("stress", 2), 2, folder)]);
      assert.equal(result!.kind, "refused");
      if (result!.kind === "refused") assert.match(result!.because, why);
    });
  }

  test("mended in place it serves", async () => {
    const folder = join(home, "mended");
    await cp(join(home, "shipped", "rising"), folder, { recursive: true });
    await writeFile(join(folder, "training.json"), "{");
    const { inference } = await start();
    const windows = windowsOf("stress", 3, false);
    assert.equal(proposedBy((await inference.step([closedAt(windows, 2, folder)]))[0]), "refused");
    await writeFiles(folder, checkpointFiles({ bias: ALWAYS_UP_TWO }));
    assert.equal(
      proposedBy((await inference.step([closedAt(windows, 3, folder)]))[0]),
      windows[2]!.desiredReplicas! + 2,
    );
  });

  test("a name that nobody ships", async () => {
    const { inference } = await start();
    const [result] = await inference.step([closedAt(windowsOf("stress", 2), 2, "model:nobody")]);
    assert.deepEqual(result, {
      kind: "refused",
      functionName: "stress",
      seq: 2,
      because:
        "model 'nobody' is refused: no model is called 'nobody'; shipped are lstm-ppo-plus-corrected, rising, roomy",
    });
  });

  test("while the registry cannot be read it is not known what the model may do: the caller is to come again", async () => {
    const { inference, registry } = await start();
    (registry as { control: ModelRegistry["control"] }).control = () => Promise.reject(new Error("the store is away"));
    await assert.rejects(inference.step([closedAt(windowsOf("stress", 2), 2)]), /the store is away/);
  });
});
