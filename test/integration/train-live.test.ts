/** `train --env live`: an agent acts on a platform that runs and learns from what it measures; Ctrl-C, and going on. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";

import { fileModelStore } from "#shared/adapters/model-store.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { eventually } from "#test/support/eventually.ts";
import { startLiveCommand, type LiveCommand } from "#test/support/live-command.ts";
import type { TestStack } from "#test/support/local-stack.ts";

/** Windows of three quarters of a second. */
const TIME_LAPSE = 40;
const ROLLOUT = 8;

describe("replicant train --env live", () => {
  let world: TestStack;
  let folder: string;
  let words: readonly string[];
  let command: LiveCommand;
  before(async () => {
    command = await startLiveCommand(TIME_LAPSE, 20);
    ({ world, folder } = command);
    words = [
      ...["train", "--env", "live", "--agent", "lstm-ppo-plus", "--objective", "corrected", "--traces", command.trace],
      ...["--rollout-steps", String(ROLLOUT), "--out", join(folder, "out"), "--seed", "3"],
    ];
  });
  after(() => command.close());

  const line = (t: TestContext) => command.line(t);
  const policyNow = () => command.policyNow();
  const byLearner = () => world.heard.applied.filter(({ policy }) => policy.version === "learning");

  test("acts through the guard, learns, and Ctrl-C keeps what was learned", async (t) => {
    const started = await line(t).start(...words, "--steps", "400");
    const first = join(folder, "out", `step-${ROLLOUT}`, "weights.bin");
    await eventually(() => existsSync(first), { timeoutMs: 60_000, what: "a first checkpoint" });
    assert.equal(await policyNow(), "external auto");
    assert.equal(await started.stop(), 130);
    assert.match(started.said(), /stopped after \d+ steps: .*\n.*windows of 'stress' played/);
    assert.match(started.said(), /the same command with --resume goes on from there/);
    assert.equal(await policyNow(), "forecast-mpc auto");
    assert.equal(world.heard.loads.at(-1)!.phase, "finished");

    const own = byLearner().filter(({ trigger }) => trigger === "proposal");
    assert.ok(own.length >= ROLLOUT, `${own.length} decisions`);
    // Nobody else proposed meanwhile, and what it recommended is what the guard was asked for.
    const ids = new Set(own.map(({ decisionId }) => decisionId));
    const proposals = world.heard.proposals.filter(({ decisionId }) => ids.has(decisionId));
    assert.deepEqual(
      [...new Set(proposals.map(({ policy }) => `${policy.name} ${policy.version}`))],
      ["lstm-ppo-plus@corrected learning"],
    );
    assert.ok(new Set(own.map(({ proposed, current }) => proposed! - current!)).size > 1, "it tries things");
  });

  test("--resume goes on with the next round", async (t) => {
    const store = fileModelStore(join(folder, "out"));
    const from = (await store.steps()).at(-1)!;
    const { code, stdout, stderr } = await line(t).run(...words, "--steps", String(from + ROLLOUT), "--resume");
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`done after ${from + ROLLOUT} steps`));
    const { record, weights } = decodeCheckpoint(await store.read(from + ROLLOUT));
    const before = decodeCheckpoint(await store.read(from));
    assert.equal(record.rounds, before.record.rounds + 1);
    assert.notDeepEqual(weights, before.weights);
    const { environments, rolloutSteps, comparedRewards, guard } = record.settings.hyperparameters;
    assert.deepEqual([environments, rolloutSteps, comparedRewards, guard], [1, ROLLOUT, false, true]);
    assert.equal(record.statistics!.count, from + ROLLOUT);
    const rows = readFileSync(join(folder, "out", "log.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    assert.deepEqual(rows.map((row) => Number(row.split(",")[0])).at(-1), from + ROLLOUT);
    assert.equal(await policyNow(), "forecast-mpc auto");
  });

  test("a simulated training does not go on live", async (t) => {
    const out = join(folder, "simulated");
    const simulated = ["train", "--agent", "ppo", "--objective", "paper", "--steps", "2000", "--out", out];
    assert.equal((await line(t).run(...simulated)).code, 0);
    const { code, stderr } = await line(t).run(...simulated, "--env", "live", "--resume");
    assert.equal(code, 2);
    assert.match(stderr, /--resume: the checkpoint's environment is 'sim', asked for was 'live'/);
    assert.equal(await policyNow(), "forecast-mpc auto");
  });

  test("while another replay runs there is no second one: one sentence, and nothing is changed", async (t) => {
    const started = await line(t).start(...words, "--steps", "400", "--resume");
    await eventually(async () => (await policyNow()) === "external auto", { timeoutMs: 30_000, what: "a training" });
    const other = words.map((word) => (word === join(folder, "out") ? join(folder, "other") : word));
    const { code, stderr } = await line(t).run(...other);
    assert.equal(code, 2);
    assert.match(stderr, /the load generator refused: HTTP 409 .*is in progress: stop it or wait for its end/);
    assert.equal(await policyNow(), "external auto");
    assert.equal(await started.stop(), 130);
  });
});
