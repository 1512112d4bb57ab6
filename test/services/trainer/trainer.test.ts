/** The trainer with a learner that does as the test says: what it receives, keeps, switches and reports. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, test } from "node:test";

import { MemoryBroker, memoryBus } from "#test/support/memory-bus.ts";
import { folderRegistry } from "#shared/adapters/model-registry/folder.ts";
import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { writeFiles } from "#shared/adapters/model-store.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { monotonicClock, systemClock } from "#shared/adapters/system-clock.ts";
import type { Estimate } from "#shared/core/model-lifecycle.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { ModelNews } from "#shared/core/model.ts";
import { encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import { sourcesOf } from "#shared/events/bus-users.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { policyReference } from "#shared/policies/reference.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { digestOf, versionOf } from "#shared/adapters/model-registry/archive.ts";
import { checkpointFiles } from "#test/support/a-checkpoint.ts";
import type { MeasuredWindow } from "#shared/core/window.ts";
import { aLearnedDetail, anApplied, aProposal } from "#test/support/a-decision.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { around } from "#test/support/around.ts";
import { eventually } from "#test/support/eventually.ts";
import type { FineTuned, FineTuneJob } from "#services/trainer/learning/fine-tune.ts";
import { openSegmentLog } from "#services/trainer/memory/segment-log.ts";
import { answerTrainer } from "#services/trainer/answer.ts";
import { createTrainer, type TrainerSettings } from "#services/trainer/trainer.ts";

const FILES = checkpointFiles();
const VERSION = versionOf(digestOf(FILES));
const CANDIDATE = checkpointFiles({ seed: 2 });

let home: string;
around(
  async () => {
    home = await mkdtemp(join(tmpdir(), "replicant-trainer-"));
    await writeFiles(join(home, "shipped", "lstm-ppo-plus-corrected"), FILES);
  },
  () => rm(home, { recursive: true }),
);

function anOutcome(isBetter: boolean): FineTuned {
  const outcome = { reward: -0.1, violationShare: 0.01, replicaSeconds: 100 };
  const over = { mean: 0.1, lo: isBetter ? 0.05 : -0.05, hi: 0.2 };
  return {
    files: CANDIDATE,
    steps: 1_500,
    live: { steps: 4, counted: 3, meanReward: 0, epochs: 1, approxKl: 0, policyLoss: 0, valueLoss: 0 },
    simulated: { steps: 500, first: 1, last: 2 },
    comparison: {
      ...{ pairs: 16, windows: 120, confidence: 0.95, isBetter },
      ...{ candidate: outcome, current: outcome, rule: outcome, overCurrent: over, overRule: over },
    },
  };
}

function anEstimate(model: number, rule: number): Estimate {
  const outcome = (reward: number) => ({ reward, violationShare: 0.01, replicaSeconds: 100 });
  return { windows: 20, model: outcome(model), rule: outcome(rule) };
}

const PROFILES = new Map([["stress", { file: "profiles/stress.json", timeLapse: 1, profile: simProfile("io") }]]);

const SETTINGS: TrainerSettings = { isAutomatic: true, rolloutWindows: 1_000, simulatedSteps: 0, judgeWindows: 3 };

async function start(
  folder: string,
  {
    policy = "model:lstm-ppo-plus",
    platform,
    ...changes
  }: Partial<TrainerSettings> & Pick<Partial<ManagedFunction>, "policy" | "platform"> = {},
) {
  const broker = new MemoryBroker();
  const bus = memoryBus({ broker });
  const segmentLog = await openSegmentLog(nodeFiles, join(folder, "log"));
  const registry = folderRegistry(join(folder, "models"));
  const says = {
    estimate: null as Estimate | null,
    outcome: anOutcome(false) as FineTuned | Error,
    onEstimate: (_windows: number) => {},
  };
  let judgings = 0;
  const jobs: FineTuneJob[] = [];
  const trainer = createTrainer({
    activity: new Activity(() => performance.now()),
    bus,
    segmentLog,
    registry,
    source: shippedModels(join(home, "shipped")),
    learner: {
      estimate: async ({ windows }) => {
        says.onEstimate(windows.length);
        judgings++;
        return says.estimate;
      },
      fineTune: async (job) => {
        jobs.push(job);
        if (says.outcome instanceof Error) throw says.outcome;
        return says.outcome;
      },
      close: async () => {},
    },
    clock: systemClock,
    monotonic: monotonicClock,
    log: silentLog,
    rules: { counts: "openfaas-pro", held: "slo-budget" },
    profiles: PROFILES,
    settings: { ...SETTINGS, ...changes },
  });
  const news: ModelNews[] = [];
  await bus.subscribe("model", async ({ data }) => void news.push(data));
  const ending = new AbortController();
  const running = trainer.run(ending.signal);
  await new Promise((resolve) => setImmediate(resolve));
  const managed = aManaged({ policy, platform });
  const say = (kind: "window" | "proposal" | "applied", seq: number, changes: Partial<MeasuredWindow> = {}) => {
    const about = { source: sourcesOf(kind)[0]!, subject: "stress", key: seq * 30_000, nowMs: Date.now() };
    const window = aWindow({ seq, ...changes });
    const proposal = aProposal({ seq, policy: { name: "m", version: VERSION }, learned: aLearnedDetail() });
    const event =
      kind === "window"
        ? makeEvent("window", { ...about, data: { managed, window, history: [] } })
        : kind === "proposal"
          ? makeEvent("proposal", { ...about, data: { managed, proposal, window } })
          : makeEvent("applied", { ...about, data: anApplied({ seq, policy: proposal.policy }) });
    broker.send(kind, encodeEvent(event));
  };
  type OfFunction = {
    transitions: number;
    learned: number;
    profile: string;
    windows: number;
    problem: string | null;
    model: { mode: string; step: number | null };
  };
  const status = () =>
    trainer.status() as {
      joins: object;
      log: { facts: number };
      collector: { refused: number };
      functions: Record<string, OfFunction>;
    };
  return {
    ...{ trainer, registry, says, jobs, news, say, status },
    /** Windows one after the other, each received before the next. */
    async live(fromSeq: number, toSeq: number) {
      for (let seq = fromSeq; seq <= toSeq; seq++) {
        const judged = judgings;
        for (const kind of ["window", "proposal", "applied"] as const) say(kind, seq);
        await eventually(() => status().functions["stress"]?.windows === seq, { what: `window ${seq}` });
        if (policyReference(policy).kind === "model")
          await eventually(() => judgings > judged, { what: `window ${seq} judged`, everyMs: 2 });
      }
    },
    async end() {
      ending.abort();
      await running;
      await bus.close();
      await segmentLog.close();
    },
  };
}

describe("the trainer", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(home, "run-"))));

  test("keeps each fact once, however often it is reported, and knows all of it after a restart", async () => {
    const first = await start(folder);
    await first.live(1, 4);
    for (const kind of ["applied", "window", "proposal"] as const) first.say(kind, 2);
    await eventually(() => (first.status().joins as { duplicates: number }).duplicates === 3);
    const { functions, joins, log } = first.status();
    assert.deepEqual(joins, { joined: 3, duplicates: 3, late: 0, incomplete: 0 });
    assert.equal(functions["stress"]!.transitions, 3);
    await first.end();

    const second = await start(folder);
    assert.equal(second.status().log.facts, log.facts);
    assert.equal(second.status().functions["stress"]!.transitions, 3);
    await second.live(5, 5);
    assert.equal(second.status().functions["stress"]!.transitions, 4);
    await second.end();
  });

  test("a window dated where none can be is refused, and what follows is learned from", async () => {
    const world = await start(folder);
    await world.live(1, 2);
    world.say("window", 3, { endedAtMs: 8e15 });
    await eventually(() => world.status().collector.refused === 1, { what: "the refusal" });
    await world.live(3, 4);
    assert.equal(world.status().functions["stress"]!.transitions, 3);
    await world.end();
  });

  test("the same fact reported twice in one moment is written once", async () => {
    const { trainer, status, end } = await start(folder);
    const fact = { kind: "proposal", proposal: aProposal({ seq: 1 }) } as const;
    await trainer.take({ kind: "window", managed: aManaged(), window: aWindow({ seq: 1 }) });
    await Promise.all([trainer.take(fact), trainer.take(fact)]);
    assert.equal(status().log.facts, 2);
    assert.equal((status().joins as { duplicates: number }).duplicates, 1);
    await end();
  });

  test("a model that is worse for three windows gives control to the rule; all learn why, and it stays so", async () => {
    const first = await start(folder);
    first.says.estimate = anEstimate(-0.2, -0.1);
    await first.live(1, 3);
    await eventually(() => first.news.length === 1);
    assert.equal(first.news[0]!.action, "rolled-back");
    assert.match(first.news[0]!.summary, /worse than the rule for 3 windows in a row/);
    assert.equal((await first.registry.control("stress"))!.mode, "shadow");
    await first.end();

    const second = await start(folder);
    await second.live(4, 4);
    await eventually(() => second.status().functions["stress"]!.model !== null);
    assert.equal(second.status().functions["stress"]!.model.mode, "shadow");
    assert.deepEqual(
      second.trainer.history("stress").map(({ action }) => action),
      ["rolled-back"],
    );
    await second.end();
  });

  test("the log is the truth: a registry that lost what holds, or was set otherwise, is set anew", async () => {
    const first = await start(folder);
    first.says.estimate = anEstimate(-0.2, -0.1);
    await first.live(1, 3);
    await eventually(() => first.news.length === 1);
    const truth = await first.registry.control("stress");
    await first.end();
    for (const lose of [
      () => rm(join(folder, "models"), { recursive: true }),
      () => first.registry.setControl({ ...truth!, mode: "auto", reason: "somebody else says so" }),
      () => writeFile(join(folder, "models", "stress", "control.json"), "{"),
    ]) {
      await lose();
      const again = await start(folder);
      await eventually(async () => (await again.registry.control("stress").catch(() => null))?.mode === "shadow", {
        what: "the verdict on the registry, before any window",
      });
      assert.deepEqual(await again.registry.control("stress"), truth);
      assert.deepEqual(again.news, []);
      await again.end();
    }
  });

  test("a trained model that went with the store is followed by the shipped one, on trial", async () => {
    const first = await start(folder, { rolloutWindows: 16 });
    first.says.outcome = anOutcome(true);
    await first.live(1, 18);
    await eventually(() => first.news.some(({ action }) => action === "canary"));
    // While the trainer lives it has the model itself, and puts it back.
    await rm(join(folder, "models"), { recursive: true });
    await eventually(async () => (await first.registry.modelsOf("stress").steps()).includes(1_500), {
      what: "the model back on the registry",
    });
    await first.end();
    await rm(join(folder, "models"), { recursive: true });
    const again = await start(folder, { rolloutWindows: 1_000 });
    await again.live(19, 19);
    await eventually(() => again.status().functions["stress"]!.model?.step === null);
    const { mode, reason } = (await again.registry.control("stress"))!;
    assert.equal(mode, "canary");
    assert.match(reason, /^the model of step 1500 is no longer available .*: the shipped one is on trial$/);
    await again.end();
  });

  test("orders outlive a restart: stop, and a mode that was set before the first window", async () => {
    const first = await start(folder);
    await first.trainer.setAutomatic(false);
    await first.trainer.setMode("stress", "canary", "a look first");
    await first.end();
    const again = await start(folder);
    assert.equal((again.trainer.status() as { training: string }).training, "on request");
    await again.live(1, 1);
    await eventually(() => again.news.length === 1);
    assert.deepEqual([again.news[0]!.action, again.news[0]!.summary], ["mode", "a look first"]);
    assert.equal((await again.registry.control("stress"))!.mode, "canary");
    await again.end();
  });

  test("windows of an earlier run count for nothing: judging begins with this run's", async () => {
    const first = await start(folder);
    await first.live(1, 30);
    await first.end();
    // Another start in the same home: later in time, another collector.
    const second = await start(folder);
    const judged: number[] = [];
    second.says.onEstimate = (windows) => judged.push(windows);
    for (let seq = 101; seq <= 104; seq++) {
      second.say("window", seq, { generation: "second" });
      // The first of them is believed when the second one follows it.
      await eventually(() => second.status().functions["stress"]!.windows === 30 + (seq > 101 ? seq - 100 : 0));
    }
    await eventually(() => judged.at(-1) === 4, { what: "an estimate on this run's four windows" });
    assert.ok(Math.max(...judged) <= 4, `judged on ${judged.join(", ")} windows`);
    await second.end();
  });

  test("a new chance begins judging anew, though the mode stays as it is", async () => {
    const world = await start(folder, { judgeWindows: 4 });
    world.says.estimate = anEstimate(-0.2, -0.1);
    await world.live(1, 3);
    const trial = () => (world.status().functions["stress"] as unknown as { trial: { worse: number } }).trial;
    await eventually(() => trial().worse === 3);
    await world.trainer.setMode("stress", "auto", "its policy was named on the command line");
    assert.equal(trial().worse, 0);
    assert.equal((world.status().functions["stress"] as unknown as { streak: number }).streak, 0);
    await world.end();
  });

  test("a full rollout is learned from once; a candidate that is better is on trial, then for good", async () => {
    const world = await start(folder, { rolloutWindows: 16 });
    world.says.outcome = anOutcome(true);
    await world.live(1, 18);
    await eventually(() => world.news.some(({ action }) => action === "canary"), { what: "a candidate on trial" });
    const [job] = world.jobs;
    assert.equal(job!.version, VERSION);
    assert.equal(job!.rule, "openfaas-pro");
    assert.equal(job!.base!.name, "io", "the calibrated profile");
    assert.equal(world.status().functions["stress"]!.profile, "profiles/stress.json");
    assert.ok(job!.transitions.length >= 16);
    assert.equal(digestOf(await world.registry.modelsOf("stress").read(1_500)), digestOf(CANDIDATE));
    assert.match(world.news[0]!.summary, /step 1500 is better, 3 of 4 live and 500 simulated steps: reward over/);
    assert.equal(world.news[0]!.policy.version, versionOf(digestOf(CANDIDATE)));
    assert.equal(world.status().functions["stress"]!.learned, job!.transitions.length);

    world.says.estimate = anEstimate(-0.1, -0.1);
    await world.live(19, 22);
    await eventually(() => world.news.some(({ action }) => action === "published"), { what: "the model published" });
    assert.deepEqual(world.status().functions["stress"]!.model, {
      ...world.status().functions["stress"]!.model,
      step: 1_500,
      mode: "auto",
    });
    assert.equal(world.jobs.length, 1, "the same transitions were learned from again");
    await world.end();

    const again = await start(folder, { rolloutWindows: 16 });
    const learned = job!.transitions.at(-1)!.window.seq;
    assert.equal(again.status().functions["stress"]!.transitions, 21 - learned);
    await again.end();
  });

  test("of many published models the last ten stay", async () => {
    const world = await start(folder, { rolloutWindows: 16 });
    const models = world.registry.modelsOf("stress");
    for (let step = 1; step <= 12; step++) await models.write(step, FILES);
    world.says.outcome = anOutcome(true);
    await world.live(1, 18);
    await eventually(async () => (await models.steps()).length === 10, { what: "the oldest gone" });
    assert.deepEqual(await models.steps(), [4, 5, 6, 7, 8, 9, 10, 11, 12, 1_500]);
    await world.end();
  });

  test("a successor that fails on trial gives way to the shipped model", async () => {
    const world = await start(folder, { rolloutWindows: 16 });
    world.says.outcome = anOutcome(true);
    await world.live(1, 18);
    await eventually(() => world.news.some(({ action }) => action === "canary"));
    world.says.estimate = anEstimate(-0.2, -0.1);
    await world.live(19, 21);
    await eventually(() => world.news.at(-1)!.action === "rolled-back");
    const control = (await world.registry.control("stress"))!;
    assert.deepEqual([control.step, control.mode, control.before], [null, "auto", null]);
    await world.end();
  });

  test("a candidate that is not surely better changes nothing, and its numbers are reported", async () => {
    const world = await start(folder, { rolloutWindows: 16 });
    await world.live(1, 18);
    await eventually(() => world.news.length === 1);
    assert.equal(world.news[0]!.action, "rejected");
    assert.match(world.news[0]!.summary, /not surely better.* over the rule \+0\.1000 \(−0\.0500 to \+0\.2000\)/);
    const { step, mode } = (await world.registry.control("stress"))!;
    assert.deepEqual([step, mode], [null, "auto"]);
    assert.deepEqual(await world.registry.modelsOf("stress").steps(), []);
    await world.end();
  });

  test("a training that fails is reported, and the next one may begin", async () => {
    const world = await start(folder, { isAutomatic: false });
    world.says.outcome = new Error("the loss was not finite");
    await world.live(1, 17);
    await world.trainer.trainNow("stress");
    await eventually(() => world.trainer.history(null).at(-1)?.action === "failed");
    assert.match(world.trainer.history(null).at(-1)!.reason, /the loss was not finite/);
    world.says.outcome = anOutcome(false);
    await world.trainer.trainNow("stress");
    await eventually(() => world.news.at(-1)?.action === "rejected");
    await world.end();
  });

  test("load unlike that of the training is reported once, and trained on", async () => {
    const world = await start(folder);
    await world.live(1, 45);
    assert.deepEqual(world.news, []);
    await world.end();
    const other = await start(await mkdtemp(join(home, "drift-")), { policy: "model:lstm-ppo-plus" });
    const strange = aLearnedDetail({ observation: [30, 90, 1_900, 24, 2, 2, 2_000, 0] });
    for (let seq = 1; seq <= 50; seq++) {
      await other.trainer.take({
        kind: "window",
        managed: aManaged({ policy: "model:lstm-ppo-plus" }),
        window: aWindow({ seq }),
      });
      await other.trainer.take({ kind: "proposal", proposal: aProposal({ seq, learned: strange }) });
      await other.trainer.take({ kind: "applied", applied: anApplied({ seq }) });
    }
    other.say("window", 51);
    await eventually(() => other.news.some(({ action }) => action === "rejected"));
    assert.deepEqual(
      other.news.map(({ action }) => action),
      ["drifted", "rejected"],
    );
    assert.match(other.news[0]!.summary, /deviations from what was trained on/);
    await other.end();
  });

  test("a range that the platform cannot give is not trained for, by itself or on request", async () => {
    const world = await start(folder, { platform: { minReplicas: 1, maxReplicas: 5 }, rolloutWindows: 16 });
    await world.live(1, 20);
    const sentence =
      "'stress' is to have 1 to 12 replicas, but the platform gives at least 1 and at most 5: " +
      "set replicant.min and replicant.max to what it gives, then its model can be trained";
    await assert.rejects(world.trainer.trainNow("stress"), { name: "BadInputError", message: sentence });
    assert.equal(world.status().functions["stress"]!.problem, sentence);
    assert.deepEqual([world.news, world.jobs], [[], []]);
    await world.end();
  });

  test("rules are received, and neither judged nor trained", async () => {
    const world = await start(folder, { policy: "kpa", rolloutWindows: 16 });
    world.says.estimate = anEstimate(-0.2, -0.1);
    await world.live(1, 20);
    assert.deepEqual([world.news, world.jobs], [[], []]);
    await assert.rejects(world.trainer.trainNow("stress"), /the policy of 'stress' is the rule 'kpa', no model/);
    await world.end();
  });

  describe("over HTTP", () => {
    const ask = async (world: Awaited<ReturnType<typeof start>>, body: unknown, isSigned = true) =>
      answerTrainer(
        {
          method: body === null ? "GET" : "POST",
          body: typeof body === "string" ? body : JSON.stringify(body),
          headers: {},
          query: {},
          path: "/",
        },
        {
          trainer: world.trainer,
          status: () => world.trainer.status(),
          mayChange: async () => (isSigned ? { ok: true } : { ok: false, because: "the call is not signed" }),
        },
      );

    test("a mode is set by a signed call, kept, and reported", async () => {
      const world = await start(folder);
      await world.live(1, 2);
      const order = { action: "mode", functionName: "stress", mode: "shadow", reason: "a look first" };
      assert.equal((await ask(world, order, false)).status, 401);
      assert.deepEqual((await ask(world, order)).body, { functionName: "stress", mode: "shadow" });
      await eventually(() => world.news.length === 1);
      assert.deepEqual([world.news[0]!.action, world.news[0]!.summary], ["mode", "a look first"]);
      assert.equal((await world.registry.control("stress"))!.mode, "shadow");
      await world.end();
    });

    test("what cannot be done is answered with a sentence", async () => {
      const world = await start(folder, { policy: "lstm-ppo-plus@corrected" });
      await world.live(1, 2);
      for (const [body, status, why] of [
        ["{", 400, /not JSON/],
        [null, 200, /training/],
        ["null", 400, /action must be one of start, stop, train-now, mode/],
        [{ action: "dance" }, 400, /was: 'dance'/],
        [{ action: "mode", functionName: "stress", mode: "wild" }, 400, /mode must be one of off, shadow/],
        [{ action: "train-now" }, 400, /functionName must be a text/],
        [{ action: "train-now", functionName: "nobody" }, 409, /no windows of a function 'nobody'/],
        [
          { action: "train-now", functionName: "stress" },
          409,
          /stays what it is: name it 'model:lstm-ppo-plus@corrected'/,
        ],
        [{ action: "stop" }, 200, /on request/],
      ] as const) {
        const answer = await ask(world, body);
        assert.equal(answer.status, status, JSON.stringify(answer.body));
        assert.match(JSON.stringify(answer.body), why);
      }
      await world.end();
    });
  });
});
