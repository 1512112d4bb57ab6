/** `replicant train` as a person meets it: the bundled program, its folder, its exit codes. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";

import { fileModelStore } from "#shared/adapters/model-store.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { eventually } from "#test/support/eventually.ts";
import { runCommand, startCommand } from "#test/support/command.ts";

const base = await mkdtemp(join(tmpdir(), "train-"));
after(() => rm(base, { recursive: true, force: true }));
const run = (t: TestContext, ...args: string[]) => runCommand(t, ["train", ...args]);

/** Two rounds of the LSTM-PPO baseline end in the middle of episodes, with a memory. */
const baseline = ["--agent", "lstm-ppo", "--objective", "paper", "--seed", "5"];
const bytesOf = async (folder: string, step: number, name: string) =>
  readFile(join(base, folder, `step-${step}`, name));

test("train: one thread or two, stopped between or not: the same bytes", async (t) => {
  const alone = await run(t, ...baseline, "--steps", "512", "--workers", "1", "--out", join(base, "one"));
  assert.equal(alone.code, 0, alone.stderr);
  assert.match(alone.stdout, /done after 512 steps: .*step-512/);
  const half = [...baseline, "--workers", "2", "--out", join(base, "two")];
  assert.equal((await run(t, ...half, "--steps", "256")).code, 0);
  const rest = await run(t, ...half, "--steps", "512", "--resume");
  assert.equal(rest.code, 0, rest.stderr);
  assert.deepEqual((await readdir(join(base, "two"))).filter((name) => name.startsWith("step")).sort(), [
    "step-256",
    "step-512",
  ]);
  for (const name of ["weights.bin", "optimizer.bin", "model.json"]) {
    assert.ok((await bytesOf("one", 512, name)).equals(await bytesOf("two", 512, name)), name);
  }

  const rows = (await readFile(join(base, "two", "log.csv"), "utf8")).trim().split("\n");
  assert.match(rows[0]!, /^steps,round,stepsPerSecond,meanReturn,/);
  assert.deepEqual(
    rows.slice(1).map((row) => row.split(",")[0]),
    ["128", "256", "384", "512"],
  );

  // The first of the two is still there, and goes on as well; what came after it is gone from the log.
  const again = await run(t, ...half, "--steps", "384", "--resume", "--step", "256");
  assert.equal(again.code, 0, again.stderr);
  const { record } = decodeCheckpoint(await fileModelStore(join(base, "two")).read(384));
  assert.equal(record.steps, 384);
  assert.match(record.command, /^replicant train --agent lstm-ppo --objective paper/);
  assert.equal(record.traces.length, 7);

  for (const { name, args, message } of [
    {
      name: "a second training in one folder",
      args: [...half, "--steps", "9"],
      message: /holds the checkpoints of a training/,
    },
    {
      name: "another seed",
      args: [...half, "--steps", "999", "--resume", "--seed", "6"],
      message: /seed is '5', asked for was '6'/,
    },
    {
      name: "another agent",
      args: [...half, "--steps", "999", "--resume", "--agent", "ppo"],
      message: /agent is 'lstm-ppo', asked for was 'ppo'/,
    },
    {
      name: "a step that is not there",
      args: [...half, "--steps", "999", "--resume", "--step", "7"],
      message: /no checkpoint of step 7/,
    },
  ]) {
    const { code, stderr: err } = await run(t, ...args);
    assert.equal(code, 2, name);
    assert.match(err, message);
  }
  const training = join(base, "two", "step-512", "training.json");
  await writeFile(training, (await readFile(training, "utf8")).replace('"layout": "agarwal-6"', '"layout": "plus-7"'));
  const spoiled = await run(t, ...half, "--steps", "999", "--resume");
  assert.equal(spoiled.code, 2);
  assert.match(spoiled.stderr, /training\.json: layout 'plus-7' has 7 numbers, the network takes '6'/);
});

test("train: Ctrl-C saves a checkpoint, and says how to go on", async (t) => {
  const out = join(base, "stopped");
  const args = ["--agent", "ppo", "--objective", "paper", "--workers", "2", "--out", out];
  const training = startCommand(t, ["train", ...args, "--steps", "1000000"]);
  await eventually(async () => (await readFile(join(out, "log.csv"), "utf8")).split("\n").length > 2, {
    timeoutMs: 60_000,
    what: "a round in the log",
  });
  training.interrupt();
  const { code, stdout: said, stderr: err } = await training.ended;
  assert.equal(code, 130, err);
  assert.match(said, /stopped after \d+ steps: .*\n.*--resume goes on from there/);
  const [steps] = await fileModelStore(out).steps();
  const more = await run(t, ...args, "--steps", String(steps! + 1), "--resume");
  assert.equal(more.code, 0, more.stderr);
  assert.match(more.stdout, new RegExp(`done after ${steps! + 2000} steps`));
});

test("train: a checkpoint that only serves is its folder, without logs, and does not go on", async (t) => {
  const out = join(base, "serving");
  const args = ["--agent", "ppo", "--objective", "paper", "--steps", "2000", "--out", out];
  assert.equal((await run(t, ...args, "--serving-only")).code, 0);
  assert.deepEqual((await readdir(out)).sort(), ["model.json", "training.json", "weights.bin"]);
  const { code, stderr: err } = await run(t, ...args, "--resume");
  assert.equal(code, 2);
  assert.match(err, /serves only; it cannot go on/);
});

test("train: the product's own form, on traces of one's own", async (t) => {
  const out = join(base, "product");
  const traces = "traces/drescale_invokation_data_30s.json";
  const args = ["--agent", "ppo", "--traces", traces, "--profiles", "heavy", "--steps", "1", "--out", out];
  const { code, stderr: err } = await run(t, ...args);
  assert.equal(code, 0, err);
  const { record } = decodeCheckpoint(await fileModelStore(out).read(null));
  assert.deepEqual(
    [record.settings.layout, record.settings.objective, record.steps],
    ["replicant-24", "product", 4096],
  );
  assert.equal(record.statistics!.count, 4096);
  assert.deepEqual(
    record.traces.map(({ name }) => name),
    [traces],
  );
});

for (const { name, args, message } of [
  { name: "nothing at all", args: [], message: /--agent is missing.*\n.*--steps is missing.*\n.*--out is missing/ },
  {
    name: "an unknown agent",
    args: ["--agent", "dqn", "--steps", "1", "--out", "x"],
    message: /--agent must be one of ppo, .*'dqn'/,
  },
  {
    name: "functions to simulate, live",
    args: ["--agent", "ppo", "--out", "x", "--env", "live", "--profiles", "api"],
    message: /--profiles belongs to --env sim/,
  },
  {
    name: "a round's windows, simulated",
    args: ["--agent", "ppo", "--steps", "1", "--out", "x", "--rollout-steps", "8"],
    message: /--rollout-steps belongs to --env live/,
  },
  {
    name: "a trace that is not there",
    args: ["--agent", "ppo", "--steps", "1", "--out", join(base, "no"), "--traces", "nowhere.json"],
    message: /nowhere\.json: cannot be read/,
  },
  {
    name: "steps that are no number",
    args: ["--agent", "ppo", "--steps", "many", "--out", "x"],
    message: /--steps must be a whole number/,
  },
  {
    name: "nothing to go on from",
    args: ["--agent", "ppo", "--steps", "1", "--out", join(base, "none"), "--resume"],
    message: /there is no checkpoint/,
  },
]) {
  test(`train: ${name} is refused in a sentence`, async (t) => {
    const { code, stderr: err } = await run(t, ...args);
    assert.equal(code, 2);
    assert.match(err, message);
  });
}
