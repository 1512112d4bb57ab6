import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import { soleLease } from "#shared/adapters/lease/sole-lease.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import { MemoryScaleTarget } from "#test/support/memory-scale-target.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import type { Applied } from "#shared/core/decision.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { PolicyFactory } from "#shared/core/policy.ts";
import type { MeasuredWindow, MetricsWindow } from "#shared/core/window.ts";
import { makeEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import { silentLog } from "#test/support/silent-log.ts";
import type { Lease } from "#shared/ports/lease.ts";
import { aProposal } from "#test/support/a-decision.ts";
import { aManaged, aTick, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { createScaler } from "#services/scaler/scaler.ts";

/** Proposes what the window's arrivals say: one replica for 30 arrivals. */
const rule: PolicyFactory = () => ({
  identity: { name: "rule-of-thirty", version: "1" },
  propose: ({ window }) => ({ proposedReplicas: Math.ceil(window.arrivals / 30), because: `${window.arrivals} ÷ 30` }),
});

/** A scaler on a memory bus with one function of 2 replicas, and words to drive it. Window n ends at n × 30 s. */
async function aScaler(
  t: TestContext,
  changes: Partial<ManagedFunction> = {},
  lease: Lease = soleLease(),
  fallback: PolicyFactory = rule,
  /** What the platform lists at the start, if not the function; null: it does not answer. */
  listedAtStart?: readonly ManagedFunction[] | null,
) {
  const clock = new ManualClock(0);
  const bus = memoryBus({ clock });
  const target = new MemoryScaleTarget();
  target.set("stress", 2);
  const managed = aManaged(changes);
  const decided: Applied[] = [];
  await bus.subscribe("applied", async ({ data }) => void decided.push(data));
  const { platform: _platform, ...listed } = managed;
  /** What the platform says is managed; null: it does not answer. */
  const operator = { frozen: null as string | null };
  const platform = { functions: (listedAtStart === undefined ? [listed] : listedAtStart) as typeof listedAtStart };
  const activity = new Activity(() => performance.now());
  const scaler = createScaler({
    bus,
    target,
    functions: {
      list: async () => {
        if (!platform.functions) throw new Error("the gateway is away");
        return { managed: platform.functions, problems: [] };
      },
    },
    frozen: () => operator.frozen,
    fallback,
    settings: GUARD_DEFAULTS,
    lease,
    clock,
    monotonic: clock,
    activity,
    windowSeconds: 30,
    log: silentLog,
  });
  const ending = new AbortController();
  const running = scaler.run(ending.signal);
  t.after(async () => {
    ending.abort();
    await running;
    await bus.close();
  });
  await eventually(() => {
    const { functions, problem } = scaler.status().managed;
    return functions !== null || problem !== null;
  });
  const told = new Map<number, MetricsWindow>();
  let sent = 0;

  const measured = (seq: number, of: Partial<MeasuredWindow>) =>
    aWindow({ seq, desiredReplicas: target.get("stress")!, availableReplicas: target.get("stress")!, ...of });
  return {
    clock,
    bus,
    target,
    decided,
    scaler,
    platform,
    operator,
    managed,
    activity,
    async window(seq: number, of: Partial<MeasuredWindow> = {}) {
      await clock.advance(Math.max(0, seq * 30_000 - clock.nowMs()));
      const window = measured(seq, of);
      told.set(seq, window);
      const data = { managed, window, history: [] };
      await bus.publish(
        makeEvent("window", {
          source: "metrics-collector",
          subject: "stress",
          key: window.endedAtMs,
          nowMs: clock.nowMs(),
          data,
        }),
      );
    },
    async proposal(seq: number, proposedReplicas: number, of: Partial<MeasuredWindow> = {}, nowMs = clock.nowMs()) {
      const window = { ...(told.get(seq) ?? measured(seq, of)), ...of };
      const proposal = aProposal({
        seq,
        endedAtMs: window.endedAtMs,
        policy: { name: "test", version: "1" },
        proposedReplicas,
        because: "the test says so",
      });
      const data = { managed, proposal, window };
      await bus.publish(
        makeEvent("proposal", {
          source: "policy-inference",
          subject: "stress",
          key: `${window.endedAtMs}/${sent++}`,
          nowMs,
          data,
        }),
      );
    },
    async tick(atMs: number, inFlight: number) {
      const replicas = target.get("stress")!;
      const tick = aTick({ atMs, inFlight, desiredReplicas: replicas, availableReplicas: replicas });
      const data = { managed, tick };
      await bus.publish(
        makeEvent("tick", { source: "metrics-collector", subject: "stress", key: atMs, nowMs: clock.nowMs(), data }),
      );
    },
  };
}

describe("scaler", () => {
  test("applies a proposal within the limits, reads back, and reports every stage", async (t) => {
    const { window, proposal, target, decided } = await aScaler(t);
    await window(1);
    await proposal(1, 5);
    await eventually(() => decided.length === 1);
    assert.equal(target.get("stress"), 5);
    const [applied] = decided;
    assert.equal(applied!.applied, 5);
    assert.equal(applied!.target, "simulator");
    assert.equal(applied!.decisionId, "stress@30000");
    assert.deepEqual(
      applied!.stages.map(({ stage }) => stage),
      ["valid", "proposed", "floor", "stabilised", "rate-limited", "bounded", "applied"],
    );
    assert.match(applied!.reason, /^2 → 5: the test says so \(test\)/);
  });

  test("the same proposal delivered twice acts once", async (t) => {
    const { window, proposal, target, decided } = await aScaler(t);
    await window(1);
    await proposal(1, 3);
    await eventually(() => decided.length === 1);
    target.set("stress", 3);
    await proposal(1, 3, { endedAtMs: 30_000 });
    await window(2);
    await proposal(2, 3);
    await eventually(() => decided.length === 2);
    assert.equal(target.asked.length, 1);
  });

  test("a late proposal is dropped", async (t) => {
    const { window, proposal, decided, scaler, clock, target } = await aScaler(t);
    await window(3);
    await clock.advance(30_001);
    await proposal(3, 9);
    await eventually(() => scaler.status().tooLate === 1);
    assert.deepEqual(decided, []);
    assert.equal(target.get("stress"), 2);
  });

  test("a proposer's wall clock decides nothing", async (t) => {
    const { window, proposal, decided, clock } = await aScaler(t);
    await window(3);
    await proposal(3, 3, {}, clock.nowMs() - 86_400_000);
    await eventually(() => decided.length === 1);
  });

  test("a proposal that was kept from before the start waits for its window, and is judged then", async (t) => {
    const { window, proposal, decided, scaler, clock } = await aScaler(t);
    await proposal(1, 3);
    await proposal(9, 4);
    await window(9);
    await clock.advance(10_000);
    await eventually(() => decided.length === 1 && scaler.status().tooLate === 1);
    assert.equal(decided[0]!.seq, 9);
  });

  test("a window dated where none can be is refused and reported, and the next ones are accepted", async (t) => {
    const { window, proposal, decided, scaler } = await aScaler(t);
    await window(1);
    await window(1, { endedAtMs: 8e15 });
    await proposal(1, 9, { endedAtMs: 8e15 });
    await window(2);
    await proposal(2, 3);
    await eventually(() => decided.length === 1);
    assert.equal(decided[0]!.seq, 2);
    assert.match(scaler.status().collector.problems.join(), /refused 1 events of the collector, the last one dated/);
  });

  test("a collector that restarts with an earlier time is followed, and the guard begins anew", async (t) => {
    const { window, proposal, decided, target } = await aScaler(t);
    for (const seq of [101, 102, 103, 104]) {
      await window(seq, { generation: "a", desiredReplicas: 6, availableReplicas: 6 });
      if (seq === 101) target.set("stress", 6);
      await proposal(seq, 6, { generation: "a" });
      await eventually(() => decided.length === seq - 100);
    }
    await window(5, { generation: "b" });
    await proposal(5, 1, { generation: "b" });
    await eventually(() => decided.length === 5);
    assert.equal(decided[4]!.desired, 6);
    assert.match(decided[4]!.reason, /panic floor 6: 6 were ready at the restart/);
    assert.equal(decided[4]!.decisionId, "stress@b.150000");
    // What the one before left behind is over.
    await proposal(105, 9, { generation: "a" });
    await window(6, { generation: "b" });
    await proposal(6, 6, { generation: "b" });
    await eventually(() => decided.length === 6);
    assert.equal(decided[5]!.generation, "b");
  });

  test("without a proposal the fallback rule decides the second window", async (t) => {
    const { window, decided, target } = await aScaler(t);
    await window(1, { arrivals: 150 });
    await window(2, { arrivals: 150 });
    await eventually(() => decided.length === 1);
    assert.equal(decided[0]!.trigger, "fallback");
    assert.equal(decided[0]!.policy.name, "rule-of-thirty");
    assert.equal(target.get("stress"), 5);
  });

  test("when proposals come again the policy has its say again", async (t) => {
    const { window, proposal, decided } = await aScaler(t);
    await window(1, { arrivals: 150 });
    await window(2, { arrivals: 150 });
    await eventually(() => decided.length === 1);
    // The rule does not wait while proposals are missing; this one is too slow by a moment, but it shows that they are back.
    await window(3, { arrivals: 150 });
    await proposal(3, 6, { arrivals: 150 });
    await window(4, { arrivals: 150 });
    await proposal(4, 6, { arrivals: 150 });
    await eventually(() => decided.length === 3);
    assert.deepEqual(
      decided.map(({ trigger, seq }) => [seq, trigger]),
      [
        [2, "fallback"],
        [3, "fallback"],
        [4, "proposal"],
      ],
    );
  });

  test("a burst between windows is answered by the floor, at once", async (t) => {
    const { tick, decided, target } = await aScaler(t);
    for (let atMs = 2_000; atMs <= 8_000; atMs += 2_000) await tick(atMs, 14);
    await eventually(() => decided.length > 0);
    assert.equal(decided[0]!.trigger, "floor");
    assert.equal(decided[0]!.seq, null);
    assert.ok(target.get("stress")! > 2);
  });

  test("missing data holds, whatever is proposed", async (t) => {
    const { window, proposal, decided, target } = await aScaler(t);
    await window(9, { arrivals: null });
    await proposal(9, 1, { arrivals: null });
    await eventually(() => decided.length === 1);
    assert.equal(target.get("stress"), 2);
    assert.equal(target.asked.length, 0);
    assert.match(decided[0]!.reason, /held: not measured: arrivals/);
  });

  test("a platform that does not answer holds, and the loop goes on when it does", async (t) => {
    const { window, proposal, decided, target } = await aScaler(t);
    target.away = true;
    await window(1);
    await proposal(1, 4);
    await eventually(() => decided.length === 1);
    assert.equal(target.asked.length, 0);
    target.away = false;
    await window(2);
    await proposal(2, 4);
    await eventually(() => decided.length === 2);
    assert.equal(target.get("stress"), 4);
  });

  test("a platform's cap is learned from what it makes of two requests, and not asked against again", async (t) => {
    const { window, proposal, decided, target } = await aScaler(t);
    target.cap = { min: 1, max: 3 };
    for (const seq of [1, 2, 3, 4]) {
      await window(seq);
      await proposal(seq, 6);
      await eventually(() => decided.length === seq);
    }
    assert.deepEqual(
      decided.map(({ applied }) => applied),
      [3, 3, null, null],
    );
    assert.match(decided[2]!.reason, /the platform's cap of 3/);
    assert.equal(target.asked.length, 2);
  });

  test("a count that another writer set between write and read-back is no cap: the floor goes on", async (t) => {
    const { window, proposal, tick, decided, target } = await aScaler(t);
    await window(1);
    target.afterWrite = () => target.set("stress", 1);
    await proposal(1, 6);
    await eventually(() => decided.length === 1);
    assert.equal(decided[0]!.applied, 1);
    for (let atMs = 46_000; atMs <= 84_000; atMs += 2_000) await tick(atMs, 99);
    await eventually(() => target.get("stress") === 12, { what: "the function's maximum, by the floor alone" });
  });

  test("a cap that was believed once holds a proven floor no longer than one probe", async (t) => {
    const { window, proposal, tick, decided, target, clock } = await aScaler(t);
    target.cap = { min: 1, max: 3 };
    for (const seq of [1, 2, 3]) {
      await window(seq);
      await proposal(seq, 6);
      await eventually(() => decided.length === seq);
    }
    assert.match(decided[2]!.reason, /the platform's cap of 3/);
    target.cap = { min: 1, max: 100 };
    const before = clock.nowMs();
    for (let atMs = before + 2_000; atMs <= before + 40_000; atMs += 2_000) await tick(atMs, 99);
    await eventually(() => target.get("stress")! > 3, { what: "more than the cap that is gone" });
  });

  test("a cap that a count is beyond is none: nobody is lowered to it", async (t) => {
    const { window, proposal, decided, target } = await aScaler(t);
    target.set("stress", 3);
    target.afterWrite = () => target.set("stress", 3);
    for (const seq of [1, 2, 3]) {
      await window(seq);
      await proposal(seq, 12);
      await eventually(() => decided.length === seq);
      if (seq === 1) target.afterWrite = () => target.set("stress", 3);
    }
    assert.match(decided[2]!.reason, /the platform's cap of 3/);
    target.set("stress", 12);
    for (const seq of [4, 5]) {
      await window(seq, { inFlightMax: 22 });
      await proposal(seq, 12);
      await eventually(() => decided.length === seq);
      assert.equal(decided[seq - 1]!.desired, 12, decided[seq - 1]!.reason);
    }
  });

  test("a cap that was met before its time is kept from the first decision on, by policy and rule", async (t) => {
    const seen: number[] = [];
    const watching: PolicyFactory = () => ({
      identity: { name: "watching", version: "1" },
      propose: ({ managed }) => (seen.push(managed.maxReplicas), { proposedReplicas: 9, because: "the test says so" }),
    });
    const platform = { minReplicas: 1, maxReplicas: 5 };
    const { window, proposal, decided, target } = await aScaler(t, { platform }, soleLease(), watching);
    await window(1);
    await proposal(1, 9);
    await eventually(() => decided.length === 1);
    assert.equal(target.get("stress"), 5);
    assert.match(decided[0]!.reason, /the platform's cap of 5/);
    await window(2);
    await window(3);
    await eventually(() => decided.length === 2);
    assert.deepEqual([decided[1]!.trigger, ...new Set(seen)], ["fallback", 5]);
  });

  test("shadow decides and reports, and touches nothing", async (t) => {
    const { window, proposal, decided, target } = await aScaler(t, { mode: "shadow" });
    await window(1);
    await proposal(1, 5);
    await eventually(() => decided.length === 1);
    assert.equal(decided[0]!.desired, 5);
    assert.equal(decided[0]!.applied, null);
    assert.equal(decided[0]!.target, "none");
    assert.equal(target.asked.length, 0);
  });

  describe("what the platform does not say of itself is not believed", () => {
    const others = (count: number) => Array.from({ length: count }, (_, n) => aManaged({ functionName: `other-${n}` }));

    test("a function that is not listed is not scaled, whatever an event says of it", async (t) => {
      const { window, proposal, tick, decided, target, scaler } = await aScaler(t, {}, soleLease(), rule, others(1));
      await window(1);
      await proposal(1, 9);
      for (let atMs = 32_000; atMs <= 40_000; atMs += 2_000) await tick(atMs, 99);
      assert.deepEqual([decided.length, target.asked.length, target.get("stress")], [0, 0, 2]);
      const { functions, refused, lastRefused } = scaler.status().managed;
      assert.deepEqual([functions, refused, lastRefused], [1, 7, "stress.openfaas-fn"]);
    });

    test("20,000 names of no function leave nothing behind but a count", async (t) => {
      const { bus, clock, scaler, activity } = await aScaler(t);
      for (const { functionName } of others(20_000)) {
        const tick = aTick({ functionName });
        const data = { managed: aManaged({ functionName }), tick };
        await bus.publish(
          makeEvent("tick", { source: "metrics-collector", subject: functionName, key: 1, nowMs: clock.nowMs(), data }),
        );
      }
      await eventually(() => scaler.status().managed.refused === 20_000);
      assert.deepEqual([scaler.status().functions, activity.ages()], [{}, {}]);
    });

    test("what the platform lists no longer is due no longer, and no problem", async (t) => {
      const { window, proposal, decided, clock, scaler, platform, activity } = await aScaler(t);
      await window(1);
      await proposal(1, 3);
      await eventually(() => decided.length === 1);
      assert.deepEqual(Object.keys(activity.ages()), ["stress"]);
      platform.functions = [];
      await clock.advance(5_000);
      await eventually(() => scaler.status().managed.functions === 0);
      assert.deepEqual(activity.ages(), {});
    });

    test("mode and bounds are the platform's: an event that says otherwise changes nothing", async (t) => {
      const listed = [aManaged({ maxReplicas: 4 })];
      const { window, proposal, decided, target } = await aScaler(t, { maxReplicas: 100 }, soleLease(), rule, listed);
      await window(1);
      await proposal(1, 9);
      await eventually(() => decided.length === 1);
      assert.match(decided[0]!.reason, /above the maximum of 4/);
      assert.equal(target.get("stress"), 4);

      const shadow = [aManaged({ mode: "shadow" })];
      const other = await aScaler(t, { mode: "auto" }, soleLease(), rule, shadow);
      await other.window(1);
      await other.proposal(1, 5);
      await eventually(() => other.decided.length === 1);
      assert.deepEqual([other.decided[0]!.mode, other.target.asked.length], ["shadow", 0]);
    });

    test("a window of another namespace is not this function's", async (t) => {
      const { window, proposal, decided, scaler } = await aScaler(t);
      await window(1, { namespace: "elsewhere" });
      await proposal(1, 9);
      assert.equal(decided.length, 0);
      assert.equal(scaler.status().managed.lastRefused, "stress.elsewhere");
    });

    test("before a first list nothing is scaled; then the last one known holds while the platform is away", async (t) => {
      const { window, proposal, decided, scaler, platform, clock, managed } = await aScaler(
        t,
        {},
        soleLease(),
        rule,
        null,
      );
      await window(1);
      await proposal(1, 3);
      assert.equal(decided.length, 0);
      assert.match(scaler.status().managed.problem!, /list of functions could not be read: the gateway is away/);
      platform.functions = [managed];
      await clock.advance(1_000);
      await eventually(() => scaler.status().managed.functions === 1);
      await window(2);
      await proposal(2, 3);
      await eventually(() => decided.length === 1);
      platform.functions = null;
      await window(3);
      await proposal(3, 4);
      await eventually(() => decided.length === 2);
      assert.match(scaler.status().managed.problem!, /the gateway is away/);
    });

    test("a proposal is decided on the collector's window, not on the one it brings along", async (t) => {
      const { window, proposal, decided, target, scaler } = await aScaler(t);
      await window(1, { arrivals: null });
      await proposal(1, 1, { arrivals: 90 });
      await eventually(() => scaler.status().unmatched === 1);
      assert.match(
        scaler.status().lastProblem!,
        /refused test's proposal stress@30000: its window.arrivals is not what/,
      );
      assert.deepEqual([decided.length, target.asked.length], [0, 0]);
    });

    test("proposals that come before their window wait for it, four at most, and must match it", async (t) => {
      const { window, proposal, decided, scaler } = await aScaler(t);
      await window(1);
      for (let n = 0; n < 20; n++) await proposal(2, 9 + n, { arrivals: 999 });
      await window(2, { arrivals: null });
      await eventually(() => scaler.status().unmatched === 4);
      await window(3);
      await eventually(() => decided.length === 2);
      assert.deepEqual([...new Set(decided.map(({ trigger }) => trigger))], ["fallback"]);
    });

    test("a proposal that is quicker than its window is decided when the window comes", async (t) => {
      const { window, proposal, decided } = await aScaler(t);
      await window(1);
      await proposal(2, 3);
      assert.equal(decided.length, 0);
      await window(2);
      await eventually(() => decided.some(({ seq, trigger }) => seq === 2 && trigger === "proposal"));
    });
  });

  test("while it is frozen nothing is sent, up or down, by window or tick; every decision says so, and thaw ends it", async (t) => {
    const { window, proposal, tick, decided, target, operator } = await aScaler(t);
    operator.frozen = "frozen by ada since today";
    await window(1);
    await proposal(1, 9);
    for (let atMs = 32_000; atMs <= 58_000; atMs += 2_000) await tick(atMs, 99);
    await window(2);
    await proposal(2, 1);
    await eventually(() => decided.length === 2);
    for (const { desired, reason } of decided) {
      assert.equal(desired, 2);
      assert.match(reason, /^2, held: frozen by ada since today/);
    }
    assert.equal(target.asked.length, 0);
    operator.frozen = null;
    await tick(62_000, 99);
    await eventually(() => target.get("stress")! > 2);
  });

  test("frozen between the decision and the request: nothing is sent", async (t) => {
    const { window, proposal, decided, target, operator } = await aScaler(t);
    await window(1);
    target.beforeRead = () => (operator.frozen = "frozen by ada since now");
    const asked = proposal(1, 5);
    await eventually(() => decided.length === 1);
    await asked;
    assert.deepEqual([decided[0]!.applied, decided[0]!.target, target.asked.length], [null, "none", 0]);
  });

  test("off is not looked at", async (t) => {
    const { window, proposal, decided, scaler } = await aScaler(t, { mode: "off" });
    await window(1);
    await proposal(1, 5);
    assert.equal(decided.length, 0);
    assert.deepEqual(scaler.status().functions, {});
  });

  test("a count that someone else set is left alone until the next window", async (t) => {
    const { window, proposal, decided, target } = await aScaler(t);
    await window(1);
    await proposal(1, 4);
    await eventually(() => decided.length === 1);
    target.set("stress", 9);
    await window(2);
    await proposal(2, 5);
    await eventually(() => decided.length === 2);
    assert.match(decided[1]!.reason, /9 set by someone else, 4 expected/);
    assert.equal(target.get("stress"), 9);
    await window(3);
    await proposal(3, 10);
    await eventually(() => decided.length === 3);
    assert.equal(target.get("stress"), 10);
  });

  test("only the holder of the lease receives, acts and reports; its fencing number goes along", async (t) => {
    const lease = handLease();
    const { window, proposal, decided, target, scaler } = await aScaler(t, {}, lease);
    await window(1);
    await proposal(1, 5);
    assert.deepEqual([decided.length, target.asked.length], [0, 0]);
    await lease.give(7);
    await window(2);
    await proposal(2, 5);
    await eventually(() => decided.length === 1);
    assert.equal(decided[0]!.fencing, 7);
    assert.equal(target.asked[0]!.fencing, 7);
    assert.deepEqual(scaler.status().lease, { kind: "by hand", held: true, fencing: 7, problem: null });
  });

  test("a lease that ran out while the decision was made stops it right before it is applied", async (t) => {
    const lease = handLease();
    const { window, proposal, decided, target } = await aScaler(t, {}, lease);
    await lease.give(1);
    await window(1);
    // The process was paused here: it does not know yet that it is not the holder any more.
    lease.held = false;
    await proposal(1, 5);
    await window(2);
    lease.held = true;
    await proposal(2, 4);
    await eventually(() => decided.length === 1);
    assert.equal(decided[0]!.seq, 2);
    assert.deepEqual(
      target.asked.map(({ desiredReplicas }) => desiredReplicas),
      [4],
    );
  });

  test("a new tenure begins with a new guard: no scale-down for a while", async (t) => {
    const lease = handLease();
    const { window, proposal, decided, target } = await aScaler(t, {}, lease);
    target.set("stress", 6);
    await lease.give(1);
    await lease.take();
    await lease.give(2);
    await window(1);
    await proposal(1, 1);
    await eventually(() => decided.length === 1);
    assert.equal(decided[0]!.desired, 6);
    assert.equal(decided[0]!.fencing, 2);
  });
});

/** A lease that the test gives and takes. */
function handLease() {
  let tell: (held: boolean) => void = () => {};
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const lease = {
    kind: "by hand",
    fencing: null as number | null,
    problem: null,
    actWithinMs: 1_000,
    held: false,
    isHeld: () => lease.held,
    onChange: (listener: (held: boolean) => void) => void (tell = listener),
    run: async () => {},
    async give(fencing: number) {
      Object.assign(lease, { held: true, fencing });
      tell(true);
      await settled();
    },
    async take() {
      lease.held = false;
      tell(false);
      await settled();
    },
  };
  return lease;
}
