/** Learning in the running system: a model serves, is trained, loses control; and parts of the loop are killed at random. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { writeFiles } from "#shared/adapters/model-store.ts";
import { seededRandom } from "#shared/core/random.ts";
import { decisionIdOf } from "#shared/core/proposal.ts";
import { toTraceMs } from "#shared/core/trace-time.ts";
import { signCall } from "#shared/host/signature.ts";
import { checkpointFiles, negated } from "#test/support/a-checkpoint.ts";
import { around } from "#test/support/around.ts";
import { keptEvents } from "#test/support/event-log.ts";
import { eventually } from "#test/support/eventually.ts";
import { decisionsAfterNow, startTestStack, type TestStack } from "#test/support/local-stack.ts";
import { natsPrograms } from "#test/support/nats-server.ts";
import { readEntry, type LogEntry } from "#services/trainer/memory/entries.ts";

/** Windows of a second and a half. */
const TIME_LAPSE = 20;
const WINDOW_SECONDS = 30;

let folder: string;
around(
  () => (folder = mkdtempSync(join(tmpdir(), "replicant-learning-"))),
  () => rmSync(folder, { recursive: true }),
);

async function aModel(name: string, files = checkpointFiles()): Promise<string> {
  const path = join(folder, name);
  await writeFiles(path, files);
  return `model:${path}`;
}

async function order({ stack }: TestStack, body: object): Promise<string> {
  const text = JSON.stringify(body);
  const { status, body: answer } = await stack.gateway.invoke(
    "trainer",
    text,
    signCall(stack.key, "trainer", text, Date.now()),
  );
  assert.ok(status === 200 || status === 202, `HTTP ${status} ${answer}`);
  return answer;
}

async function load({ stack }: TestStack, perWindow: readonly number[]): Promise<void> {
  const body = JSON.stringify({
    trace: perWindow,
    functionName: "stress",
    seed: 1,
    work: { meanCpuSeconds: 0.1, cv: 0.3 },
  });
  const headers = signCall(stack.key, "load-generator", body, Date.now());
  const { status, body: answer } = await stack.gateway.invoke("load-generator", body, headers);
  assert.equal(status, 202, answer);
}

/** Keeps an idle function at one replica; with its weights negated it always recommends two replicas more. */
const FRUGAL = checkpointFiles({ bias: [1_000, 0, 0, 0, -1_000] });

describe("a bad model: one with its weights negated", () => {
  let world: TestStack;
  before(async () => {
    world = await startTestStack({
      policy: await aModel("negated", negated(FRUGAL)),
      timeLapse: TIME_LAPSE,
      env: { REPLICANT_TRAINER_JUDGE_WINDOWS: "3", REPLICANT_TRAINER_AUTO: "false" },
    });
  });
  after(() => world.close());

  test("serves: its proposals are applied, and carry what a learner needs", async () => {
    const byModel = () => world.heard.applied.filter(({ trigger }) => trigger === "proposal");
    await eventually(() => byModel().length >= 2, { timeoutMs: 60_000, what: "two decisions of the model" });
    for (const { policy, proposed, current } of byModel()) {
      assert.deepEqual([policy.name, proposed], ["lstm-ppo-plus@corrected", Math.min(12, current! + 2)]);
    }
    const { learned } = world.heard.proposals.at(-1)!;
    assert.deepEqual([learned!.layout, learned!.observation.length, learned!.action], ["plus-8", 8, 4]);
  });

  test("is held against the rule, loses control to it, and everybody learns why", async () => {
    const ofStress = () => world.heard.models.filter(({ functionName }) => functionName === "stress");
    await eventually(() => ofStress().length > 0, { timeoutMs: 90_000, what: "the model rolled back" });
    const [news] = ofStress();
    assert.equal(news!.action, "rolled-back");
    assert.match(news!.summary, /worse than the rule for 3 windows in a row: .*; the rule decides$/);
    const atSeq = world.heard.windows.at(-1)!.seq;
    assert.ok(atSeq <= 30, `only at window ${atSeq}`);
  });

  test("from then on the rule decides every window, and the model still reports what it would have done", async () => {
    const byWindow = () => world.heard.applied.filter(({ seq }) => seq !== null);
    // The news takes its way, too: until it is there the model decides.
    const isRuled = () => world.heard.proposals.at(-1)!.isAdvice === true && byWindow().at(-1)!.trigger === "fallback";
    await eventually(isRuled, { timeoutMs: 30_000, what: "the rule deciding" });
    const before = byWindow().length;
    await eventually(() => byWindow().length >= before + 4, { timeoutMs: 60_000, what: "four more decisions" });
    const later = byWindow().slice(before);
    assert.deepEqual(
      [...new Set(later.map(({ trigger, policy }) => `${trigger} ${policy.name}`))],
      ["fallback forecast-mpc"],
    );
    const advice = world.heard.proposals.at(-1)!;
    // At the maximum its action for more is masked, so the action itself depends on how far down the rule has come.
    assert.equal(advice.isAdvice, true);
    assert.notEqual(advice.learned, null);
    await eventually(() => world.heard.applied.at(-1)!.applied === 1 || world.heard.applied.at(-1)!.current === 1, {
      timeoutMs: 60_000,
      what: "one replica again",
    });
  });

  test("an operator's word gives it back, by a signed call alone", async () => {
    const body = { action: "mode", functionName: "stress", mode: "auto", reason: "a second chance" };
    const { status } = await world.stack.gateway.invoke("trainer", JSON.stringify(body));
    assert.equal(status, 401);
    await order(world, body);
    await eventually(
      () => world.heard.applied.at(-1)?.trigger === "proposal" && world.heard.proposals.at(-1)!.isAdvice === undefined,
      { timeoutMs: 60_000, what: "the model deciding again" },
    );
    assert.deepEqual(world.heard.models.map(({ action, summary }) => [action, summary]).at(-1), [
      "mode",
      "a second chance",
    ]);
  });

  test("other functions have policies, modes and memories of their own", async () => {
    const { platform, functions } = world.stack;
    const { image } = functions.find(({ name }) => name === "stress")!;
    const policies = {
      second: { policy: "fixed:2", mode: "auto" },
      third: { policy: await aModel("another"), mode: "shadow" },
    };
    for (const [service, { policy, mode }] of Object.entries(policies)) {
      const annotations = { "replicant.policy": policy, "replicant.mode": mode, "replicant.max": "3" };
      await platform.deploy({ service, image, envVars: { RAW_BODY: "true" }, annotations });
    }
    const last = (functionName: string) => world.heard.applied.findLast((one) => one.functionName === functionName);
    await eventually(() => last("second")?.trigger === "proposal" && last("third")?.trigger === "proposal", {
      timeoutMs: 60_000,
      what: "decisions for both",
    });
    assert.deepEqual([last("second")!.policy.name, last("second")!.mode], ["fixed:2", "auto"]);
    assert.deepEqual([last("third")!.policy.name, last("third")!.mode], ["lstm-ppo-plus@corrected", "shadow"]);
    assert.equal(last("third")!.applied, null);
    assert.notEqual(last("third")!.policy.version, last("stress")!.policy.version);
  });
});

describe("a load that the model never saw", () => {
  let world: TestStack;
  before(async () => {
    world = await startTestStack({
      policy: await aModel("untrained"),
      timeLapse: TIME_LAPSE,
      env: {
        REPLICANT_TRAINER_JUDGE_WINDOWS: "1000",
        REPLICANT_TRAINER_ROLLOUT_WINDOWS: "16",
        REPLICANT_TRAINER_SIMULATED_STEPS: "4096",
      },
    });
  });
  after(() => world.close());

  test("is learned from while it runs: a candidate is trained, evaluated, and published or rejected with its numbers", async () => {
    await load(
      world,
      Array.from({ length: 30 }, (_, i) => (i % 6 < 4 ? 6 : 25)),
    );
    const isVerdict = ({ action }: { action: string }) => action === "canary" || action === "rejected";
    await eventually(() => world.heard.models.some(isVerdict), {
      timeoutMs: 120_000,
      what: "a verdict on a candidate",
    });
    const verdict = world.heard.models.find(isVerdict)!;
    const live = /(\d+) of (\d+) live and (\d+) simulated steps: reward over the current model ([+−]\d\.\d+) \(/.exec(
      verdict.summary,
    );
    assert.ok(live, verdict.summary);
    assert.ok(Number(live[1]) > 0 && Number(live[2]) >= 16 && Number(live[3]) === 4_096, verdict.summary);
    const { history } = JSON.parse((await world.stack.gateway.ask("trainer", { history: "stress" })).body) as {
      history: { action: string; reason: string }[];
    };
    assert.deepEqual(
      history.slice(0, 2).map(({ action }) => action),
      ["training", verdict.action],
    );
    const [decision] = await decisionsAfterNow(world, 1);
    assert.equal(decision!.policy.name, "lstm-ppo-plus@corrected");
    if (verdict.action === "canary") {
      // A share of the windows is the new version's, the others are the rule's.
      await eventually(() => world.heard.applied.some(({ policy }) => policy.version === verdict.policy.version), {
        timeoutMs: 60_000,
        what: "a decision of the candidate",
      });
    }
  });
});

/**
 * Windows of a second and a half. An event comes again half a minute after the death of who had it in hand, and what is 128
 * windows old is not learned from any more: these are 192 seconds, so a trainer may die over an event five times.
 */
const CHAOS_TIME_LAPSE = 20;
const CHAOS_TRACE_SECONDS = 3_600;
const WARM_UP_WINDOWS = 12;
const VICTIMS = ["trainer", "policy-inference", "bus"] as const;
const PARTS = ["trainer", "policy-inference", "metrics-collector", "scaler", "connector"] as const;
type Part = (typeof PARTS)[number];
type Memory = Readonly<Record<Part, number>>;

/** Kept events need a server that keeps them. */
describe(
  "trainer, policy-inference and bus killed at random for an hour of trace time",
  { skip: natsPrograms().length === 0 && "no nats-server here" },
  () => {
    let world: TestStack;
    /** One after every kill. */
    const memory: Memory[] = [];
    before(async () => {
      world = await startTestStack({
        policy: await aModel("alive"),
        timeLapse: CHAOS_TIME_LAPSE,
        env: {
          REPLICANT_TRAINER_JUDGE_WINDOWS: "1000",
          REPLICANT_TRAINER_ROLLOUT_WINDOWS: "16",
          REPLICANT_TRAINER_SIMULATED_STEPS: "0",
        },
      });
    });
    after(() => world.close());

    test("the loop never stops: it decides after every kill, and goes on when it is left alone", async () => {
      const random = seededRandom("chaos");
      const kills = { trainer: 0, "policy-inference": 0, bus: 0 };
      await decisionsAfterNow(world, WARM_UP_WINDOWS);
      const traceTime = { timeLapse: CHAOS_TIME_LAPSE, epochMs: world.epochMs };
      const startedMs = toTraceMs(Date.now(), traceTime);
      const passedSeconds = () => (toTraceMs(Date.now(), traceTime) - startedMs) / 1_000;
      const decided = () => new Set(world.heard.applied.flatMap(({ seq }) => seq ?? [])).size;
      const decidedBefore = decided();
      while (passedSeconds() < CHAOS_TRACE_SECONDS) {
        const victim = VICTIMS[random.integer(VICTIMS.length)]!;
        const decidedUntilNow = decided();
        if (kill(world, victim)) kills[victim]++;
        await new Promise((resolve) => setTimeout(resolve, 3_000 + random.integer(5_000)));
        await eventually(() => decided() > decidedUntilNow, {
          timeoutMs: 30_000,
          what: `a decision after the death of ${victim}`,
        });
        memory.push(memoryOf(world));
      }
      assert.ok(kills.trainer > 1 && kills["policy-inference"] > 1 && kills.bus > 1, JSON.stringify(kills));
      const passed = CHAOS_TRACE_SECONDS / WINDOW_SECONDS;
      assert.ok(
        decided() - decidedBefore > passed / 2,
        `only ${decided() - decidedBefore} of ${passed} windows decided`,
      );
      await decisionsAfterNow(world, 2, { timeoutMs: 90_000 });
      await eventually(async () => (await world.stack.gateway.ask("trainer")).status === 200, { timeoutMs: 60_000 });
    });

    test("memory is flat: who lived through the hour holds little more in its last third than in its second", () => {
      const third = Math.floor(memory.length / 3);
      const most = (part: Part, some: readonly Memory[]) => Math.max(...some.map((one) => one[part]));
      for (const part of ["metrics-collector", "scaler", "connector"] as const) {
        const [second, last] = [most(part, memory.slice(third, 2 * third)), most(part, memory.slice(2 * third))];
        // V8 takes room for young objects as it sees fit; what leaks goes beyond that.
        assert.ok(last <= 1.25 * second + 24, `${part}: ${Math.round(second)} MB, then ${Math.round(last)} MB`);
      }
      // Those who died again and again read their past anew each time: it must not weigh more and more.
      for (const part of ["trainer", "policy-inference"] as const) {
        assert.ok(most(part, memory) <= 384, `${part}: ${Math.round(most(part, memory))} MB`);
      }
    });

    test("no acknowledged transition is lost, none is learned from twice", async () => {
      // What the bus had taken and handed over: everything that is still on it, before the last few seconds.
      const [windows, proposals, applied] = await Promise.all([
        keptEvents(world.stack, "window"),
        keptEvents(world.stack, "proposal"),
        keptEvents(world.stack, "applied"),
      ]);
      const stressed = windows.filter(({ subject }) => subject === "stress").map(({ data }) => data.window);
      const seqs = new Set(stressed.map(({ seq }) => seq));
      const idsOf = (events: readonly { readonly id: string }[]) =>
        new Set(events.map(({ id }) => id.replace(/\/.*/, "")));
      const [proposed, decidedIds] = [idsOf(proposals), idsOf(applied)];
      const whole = stressed
        .filter(({ seq }) => seqs.has(seq + 1))
        .map(({ endedAtMs, generation }) => decisionIdOf("stress", endedAtMs, generation))
        .filter((id) => proposed.has(id) && decidedIds.has(id));
      assert.ok(whole.length > 10, `only ${whole.length} transitions on the bus`);

      await eventually(
        async () => {
          const facts = idsInLog(entries(world));
          const missing = (["window", "proposal", "applied"] as const).flatMap((kind) =>
            whole.filter((id) => !facts[kind].has(id)).map((id) => `${kind} ${id}`),
          );
          if (missing.length === 0) return true;
          const { body } = await world.stack.gateway.ask("trainer");
          throw new Error(`${missing.join(", ")}; the trainer says ${body}`);
        },
        { timeoutMs: 100_000, everyMs: 500, what: "all transitions in the log" },
      );
      const learnedOf = (log: readonly LogEntry[]) =>
        log.flatMap((entry) => (entry.kind === "learned" ? [entry.learned] : []));
      await eventually(() => learnedOf(entries(world)).length > 1, {
        ...{ timeoutMs: 120_000, everyMs: 500, what: "something learned, and more" },
      });
      const log = entries(world);
      const facts = log.flatMap((entry) => factIdOf(entry) ?? []);
      assert.equal(new Set(facts).size, facts.length, "a fact stands in the log twice");
      const learned = learnedOf(log);
      learned.forEach(({ fromMs }, i) => {
        if (i > 0) assert.ok(fromMs > learned[i - 1]!.throughMs, "transitions were learned from twice");
      });
    });
  },
);

/** Resident megabytes of each part; 0 for one that is not there just now. */
function memoryOf({ pidsOf }: TestStack): Memory {
  return Object.fromEntries(PARTS.map((part) => [part, Math.max(0, ...pidsOf(part).map(residentMb))])) as Memory;
}

function residentMb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

/** Whether there was somebody to kill. */
function kill(world: TestStack, victim: (typeof VICTIMS)[number]): boolean {
  const pids = victim === "bus" ? [world.stack.bus.pid] : world.pidsOf(victim);
  const killed = pids.filter((pid) => {
    try {
      return pid !== null && process.kill(pid, "SIGKILL");
    } catch {
      // It was gone already.
      return false;
    }
  });
  return killed.length > 0;
}

/** Read beside the trainer, which writes: whole lines alone. */
function entries({ home }: TestStack): LogEntry[] {
  const log = join(home, "trainer");
  return readdirSync(log)
    .sort()
    .flatMap((name) => readFileSync(join(log, name), "utf8").split("\n").slice(0, -1))
    .map((line) => JSON.parse(line) as unknown)
    .flatMap((line) => readEntry(line) ?? []);
}

function factIdOf(entry: LogEntry): string | null {
  switch (entry.kind) {
    case "window":
      return `window ${decisionIdOf(entry.window.functionName, entry.window.endedAtMs, entry.window.generation)}`;
    case "proposal":
      return `proposal ${entry.proposal.decisionId}`;
    case "applied":
      return `applied ${entry.applied.decisionId}`;
    default:
      return null;
  }
}

function idsInLog(log: readonly LogEntry[]) {
  const ids = { window: new Set<string>(), proposal: new Set<string>(), applied: new Set<string>() };
  for (const entry of log) {
    const [kind, id] = factIdOf(entry)?.split(" ") ?? [];
    if (kind !== undefined) ids[kind as keyof typeof ids].add(id!);
  }
  return ids;
}
