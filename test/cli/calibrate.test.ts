/** `calibrate`: what it refuses before anything starts, and one quick calibration of a real platform, end to end. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { seededRandom } from "#shared/core/random.ts";
import { PARAMETERS } from "#shared/sim/parameters.ts";
import { eventually } from "#test/support/eventually.ts";
import { planComparison } from "#shared/live/calibration/compare/compare.ts";
import { scoreIntervals } from "#shared/live/calibration/compare/live-interval.ts";
import { openLiveBook } from "#shared/live/calibration/compare/live-book.ts";
import { rankingOf } from "#shared/live/calibration/compare/ranking.ts";
import { writeStackLike } from "#shared/deploy/stack-file.ts";
import { factsOf } from "#shared/live/calibration/facts.ts";
import { busyWarning } from "#shared/live/calibration/machine-load.ts";
import { readCalibrateFlags, readCompareFlags, type CalibrateFlags } from "#services/cli/calibrate.ts";
import { checkProfileFile, type WrittenProfile } from "#shared/evaluation/files/profile-file.ts";
import { readStack } from "#shared/deploy/stack.ts";
import { runCommand, smallTrace, startCommand, temporaryFolder } from "#test/support/command.ts";

const refused = (says: RegExp) => (thrown: unknown) => thrown instanceof BadInputError && says.test(thrown.message);

const refusals: readonly { readonly name: string; readonly flags: CalibrateFlags; readonly says: RegExp }[] = [
  {
    name: "a gateway that is no URL",
    flags: { gateway: "here" },
    says: /^--gateway must be an http\(s\) URL, was: 'here'$/,
  },
  {
    name: "metrics of no gateway",
    flags: { functionMetrics: "http://x/m" },
    says: /^--function-metrics belongs to --gateway/,
  },
  {
    name: "a comparison on somebody's gateway",
    flags: { compare: true, gateway: "http://x" },
    says: /^--compare runs the whole loop/,
  },
  { name: "a trace without a comparison", flags: { trace: "x" }, says: /^--trace belongs to --compare$/ },
  { name: "a time-lapse below 1", flags: { timeLapse: "0.5" }, says: /^--time-lapse must be a number from 1 to 100/ },
  {
    name: "all problems at once",
    flags: { seed: "1", timeLapse: "x" },
    says: /^--seed belongs to --compare\n--time-lapse/,
  },
];
for (const { name, flags, says } of refusals) {
  test(`calibrate refuses ${name}`, () => assert.throws(() => readCalibrateFlags(flags), refused(says)));
}

const compareRefusals: readonly { readonly name: string; readonly flags: CalibrateFlags; readonly says: RegExp }[] = [
  { name: "an unknown policy", flags: { policies: "hpa,best" }, says: /unknown policy 'best'/ },
  { name: "one policy", flags: { policies: "hpa" }, says: /must name at least two, was: 'hpa'/ },
  {
    name: "a policy without guard",
    flags: { policies: "hpa,hpa@bare" },
    says: /'hpa@bare': the live loop has no way around/,
  },
  { name: "a replay that is longer than the trace", flags: { windows: "30" }, says: /need 60, and it has 37$/ },
  { name: "a trace that is not there", flags: { trace: "nowhere.json" }, says: /nowhere\.json: cannot be read/ },
];
for (const { name, flags, says } of compareRefusals) {
  test(`calibrate --compare refuses ${name}`, async (t) => {
    const trace = await smallTrace(await temporaryFolder(t));
    const given = { compare: true, trace, ...flags };
    const planned = planComparison(readCompareFlags(given), readCalibrateFlags(given), { env: {} });
    await assert.rejects(planned, refused(says));
  });
}

test("kpa is compared at the pace of a window, as the live loop runs it, however it is named", async (t) => {
  const given = {
    compare: true,
    trace: await smallTrace(await temporaryFolder(t)),
    windows: "5",
    policies: "kpa,kpa:rps,target=2@30s",
  };
  const { ranked } = await planComparison(readCompareFlags(given), readCalibrateFlags(given), { env: {} });
  assert.deepEqual(ranked, [
    { name: "kpa", liveName: "kpa", simulatedName: "kpa@30s" },
    { name: "kpa:rps,target=2@30s", liveName: "kpa:rps,target=2", simulatedName: "kpa:rps,target=2@30s" },
  ]);
});

test("a ranking compares orders, not figures", () => {
  const score = (sloViolationShare: number, replicaSeconds: number) => ({ sloViolationShare, replicaSeconds });
  const row = (policy: string, live: ReturnType<typeof score>, simulated: ReturnType<typeof score>) => ({
    ...{ policy, live, simulated, simulations: [simulated, { ...simulated, replicaSeconds: 1 }], invalidBecause: null },
    liveIntervals: null,
  });
  const { tau, chance } = rankingOf([
    row("a", score(0.1, 300), score(0.01, 900)),
    row("b", score(0.2, 200), score(0.02, 950)),
    row("c", score(0.3, 100), score(0.03, 970)),
  ]);
  assert.deepEqual(tau, { sloViolations: 1, replicaSeconds: -1 });
  // The second seed gives all the same cost, which is no order.
  assert.deepEqual(chance, { sloViolations: 1, replicaSeconds: 1 });
});

test("pairs of policies within each other's live interval count for no order", () => {
  const row = (policy: string, live: number, simulated: number, [low, high]: readonly [number, number]) => {
    const score = (sloViolationShare: number) => ({ sloViolationShare, replicaSeconds: 100 * live });
    const liveIntervals = { sloViolationShare: [low, high], replicaSeconds: [0, 0] } as const;
    return {
      policy,
      live: score(live),
      liveIntervals,
      simulated: score(simulated),
      simulations: [],
      invalidBecause: null,
    };
  };
  const ranking = rankingOf([
    row("a", 0.1, 0.12, [0.05, 0.15]),
    row("b", 0.11, 0.11, [0.06, 0.16]),
    row("c", 0.3, 0.3, [0.2, 0.4]),
  ]);
  assert.ok(Math.abs(ranking.tau.sloViolations! - 1 / 3) < 1e-9);
  assert.equal(ranking.clearTau.sloViolations, 1);
  assert.deepEqual([ranking.clearPairs, ranking.pairs], [{ sloViolations: 2, replicaSeconds: 3 }, 3]);
});

test("a live score's interval holds it, and is wider where windows differ more", () => {
  const windows = (share: (i: number) => number) =>
    Array.from({ length: 40 }, (_, i) => ({
      late: { share: share(i), because: null },
      ...{ completedOk: 50, completedError: { "4xx": 0, "429": 0, "5xx": 0, "504": 0 }, desiredReplicas: 4 },
    }));
  const intervalOf = (share: (i: number) => number) =>
    scoreIntervals(windows(share), 30, seededRandom("interval"))!.sloViolationShare;
  const [even, bursts] = [intervalOf(() => 0.05), intervalOf((i) => (i % 10 === 0 ? 0.5 : 0))];
  assert.deepEqual(
    even.map((end) => Number(end.toFixed(6))),
    [0.05, 0.05],
  );
  assert.ok(bursts[0] < 0.03 && bursts[1] > 0.07);
  assert.equal(scoreIntervals([], 30, seededRandom("interval")), null);
});

test("a live run that was made is not made again, after a restart neither; one that was not valid is", async (t) => {
  const file = join(await temporaryFolder(t), "runs.ndjson");
  const played: string[] = [];
  const play = async (policy: string, isValid: boolean) => {
    const book = await openLiveBook(file);
    const work = async () => (played.push(policy), { policy, isValid });
    return book.remembered({ policy, windows: 40 }, work, (made) => made.isValid);
  };
  for (const _ of [1, 2]) {
    assert.deepEqual(await play("hpa", true), { policy: "hpa", isValid: true });
    await play("kpa", false);
  }
  assert.deepEqual(played, ["hpa", "kpa", "kpa"]);
  await writeFile(file, "{}\n");
  await assert.rejects(openLiveBook(file), refused(/^--resume .* holds something else than live runs/));
  await (
    await openLiveBook(null)
  ).remembered(
    { policy: "hpa" },
    async () => played.push("again"),
    () => true,
  );
  assert.equal(played.at(-1), "again");
});

test("a profile is for the function as stack.yml has it", () => {
  const stress = readStack("stack.yml", {}).find(({ name }) => name === "stress")!;
  const facts = factsOf(stress);
  assert.deepEqual(
    [
      facts.name,
      facts.maxReplicas,
      facts.cpuLimitCores,
      facts.memoryLimitMegabytes,
      facts.execTimeoutSeconds,
      facts.graceSeconds,
    ],
    ["stress", 12, 0.1, 134.217728, 30, 40],
  );
  assert.throws(() => factsOf({ ...stress, annotations: {} }), refused(/'stress' has no replicant annotation/));
});

test("a stack like another: fewer functions, other annotations, the same folders and variables", async (t) => {
  const file = join(await temporaryFolder(t), "stack.yml");
  await writeStackLike("stack.yml", file, {
    keep: ["stress", "metrics-collector"],
    annotate: { functionName: "stress", annotations: { "replicant.mode": "off" } },
  });
  const variables = { REPLICANT_TIME_LAPSE: "7" };
  const before = readStack("stack.yml", variables);
  const after = readStack(file, variables);
  assert.deepEqual(
    after.map(({ name }) => name),
    ["stress", "metrics-collector"],
  );
  for (const one of after) {
    const { handler: _old, annotations, ...same } = before.find(({ name }) => name === one.name)!;
    const { handler, annotations: now, ...rest } = one;
    assert.deepEqual(rest, same);
    assert.equal(
      join(file, "..", handler),
      join(process.cwd(), one.name === "stress" ? "dist/functions" : "dist/services", one.name),
    );
    assert.deepEqual(now, one.name === "stress" ? { ...annotations, "replicant.mode": "off" } : annotations);
  }
  await assert.rejects(
    writeStackLike("stack.yml", file, { keep: ["x"], annotate: { functionName: "x", annotations: {} } }),
    refused(/stack\.yml has no function 'x'/),
  );
});

test("only an earlier profile is written over", async (t) => {
  const file = join(await temporaryFolder(t), "precious.json");
  await checkProfileFile(file);
  await writeFile(file, "[1]");
  await assert.rejects(checkProfileFile(file), refused(/is no earlier result of calibrate, so it is left alone/));
});

describe("the built command", () => {
  test("a quick calibration writes a profile that the simulator takes", async (t) => {
    const folder = await temporaryFolder(t);
    const file = join(folder, "here.json");
    const { code, stdout, stderr } = await runCommand(t, [
      "calibrate",
      "--quick",
      "--time-lapse",
      "10",
      "--out",
      file,
      "--json",
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await readdir(folder), ["here.json"]);
    const { measurements, ...told } = JSON.parse(stdout) as WrittenProfile & {
      measurements: Record<string, unknown[]>;
    };
    const written = JSON.parse(await readFile(file, "utf8")) as WrittenProfile;
    assert.deepEqual(written, told);
    assert.deepEqual(Object.keys(written.profile.parameters).sort(), Object.keys(PARAMETERS).sort());
    assert.equal(written.timeLapse, 10);
    assert.ok(written.profile.cpuSeconds >= 0.1, "a call costs its work at least");
    assert.ok(written.profile.parameters.cpuLimitCores > 0.02 && written.profile.parameters.cpuLimitCores < 1);
    assert.ok(written.profile.parameters.startMedianSeconds > 0);
    const fitted = new Set(written.fits.map(({ parameter }) => parameter));
    for (const parameter of [
      "cpuSeconds",
      "gatewayOverheadSeconds",
      "startMedianSeconds",
      "scaleCallMaxSeconds",
    ] as const) {
      assert.ok(fitted.has(parameter), `${parameter} was not fitted`);
    }
    assert.ok(written.fits.every(({ value, samples }) => Number.isFinite(value) && samples >= 0));
    for (const what of ["noOp", "work", "saturation", "steps"]) assert.ok(measurements[what]!.length > 0, what);

    const trace = await smallTrace(folder);
    const simulated = await runCommand(t, [
      "simulate",
      "--trace",
      trace,
      "--policy",
      "hpa",
      "--profile",
      `@${file}`,
      "--json",
    ]);
    assert.equal(simulated.code, 0, simulated.stderr);
    assert.equal((JSON.parse(simulated.stdout) as { profile: string }).profile, `@${file}`);
  });

  test("Ctrl-C ends it, and nothing is written", async (t) => {
    const folder = await temporaryFolder(t);
    const command = startCommand(t, ["calibrate", "--quick", "--out", join(folder, "here.json")]);
    await eventually(() => command.said().includes("no-op ladder"), {
      timeoutMs: 60_000,
      what: "the calibration begins",
    });
    command.interrupt();
    const { code, stderr } = await command.ended;
    assert.equal(code, 130, stderr);
    assert.deepEqual(await readdir(folder), []);
  });

  test("a gateway that does not answer is reported in one sentence", async (t) => {
    const { code, stderr } = await runCommand(t, ["calibrate", "--quick", "--gateway", "http://127.0.0.1:9"]);
    assert.equal(code, 1);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  });
});

for (const { name, load, cores, says } of [
  { name: "a quiet machine is not mentioned", load: 0.4, cores: 2, says: null },
  {
    name: "a busy one is",
    load: 9.14,
    cores: 2,
    says: "warning: something else runs here (load 9.1 on 2 cores), and it is measured, too",
  },
]) {
  test(`before measuring: ${name}`, () => assert.equal(busyWarning(load, cores), says));
}
