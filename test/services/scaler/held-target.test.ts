/** The scaler with a policy that decides targets: ticks hold them, decisions carry its state, and a new scaler goes on from there. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import { soleLease } from "#shared/adapters/lease/sole-lease.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import { MemoryScaleTarget } from "#test/support/memory-scale-target.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import type { ControlMemory } from "#shared/core/control-memory.ts";
import type { ReplicaTarget } from "#shared/core/replica-target.ts";
import type { Applied } from "#shared/core/decision.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { checkPromises } from "#test/support/check-promises.ts";
import type { RecordedEvent } from "#shared/guard/promises.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { Tick } from "#shared/core/window.ts";
import { makeEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { sloBudgetPolicy } from "#shared/policies/slo-budget/policy.ts";
import { aProposal } from "#test/support/a-decision.ts";
import { aManaged, aTick, aWindow } from "#test/support/a-window.ts";
import { runScaler } from "#test/support/running-scaler.ts";
import { createScaler } from "#services/scaler/scaler.ts";

const TARGET: ReplicaTarget = {
  ...{ replicasPerRps: 1, headroom: 2, inFlightPerReplica: 5, patienceSeconds: 1, leastReplicas: 0 },
  ...{ holdSeconds: 10, holdStarts: 0, memory: { headroom: 2, learned: 7 } },
};

/** A world of 3 replicas that goes on while scalers come and go. Guards began long before. */
function aWorld(changes: Partial<ManagedFunction> = {}) {
  const clock = new ManualClock(0);
  const bus = memoryBus({ clock });
  const target = new MemoryScaleTarget();
  target.set("stress", 3);
  const managed = aManaged({ maxReplicas: 20, ...changes });
  const decided: Applied[] = [];
  const record: RecordedEvent[] = [];
  const counts = () => ({ desiredReplicas: target.get("stress")!, availableReplicas: target.get("stress")! });
  const send = async (event: ReturnType<typeof makeEvent>) => {
    record.push(event as unknown as RecordedEvent);
    await bus.publish(event);
  };
  return {
    ...{ clock, bus, target, managed, decided, record },
    async heard() {
      await bus.subscribe("applied", async (event) => {
        decided.push(event.data);
        record.push(event as unknown as RecordedEvent);
      });
    },
    async window(seq: number, control?: ControlMemory) {
      await clock.advance(Math.max(0, seq * 30_000 - clock.nowMs()));
      const data = { managed, window: aWindow({ seq, ...counts() }), history: [], ...(control && { control }) };
      const about = { source: "metrics-collector", subject: "stress", key: seq * 30_000, nowMs: clock.nowMs() };
      await send(makeEvent("window", { ...about, data }));
    },
    async proposal(seq: number, target_: ReplicaTarget | undefined, proposedReplicas = 4) {
      const window = aWindow({ seq, ...counts() });
      const policy = { name: "slo-budget", version: "1" };
      const proposal = aProposal({ seq, endedAtMs: window.endedAtMs, policy, proposedReplicas, target: target_ });
      const about = { source: "policy-inference", subject: "stress", key: window.endedAtMs, nowMs: clock.nowMs() };
      await send(makeEvent("proposal", { ...about, data: { managed, proposal, window } }));
    },
    /** Ninety seconds at two requests a second, then a target. */
    async begins() {
      await this.ticks(2, 90, 2);
      await this.window(3);
      await this.proposal(3, TARGET);
    },
    async ticks(fromSeconds: number, toSeconds: number, rps: number, of: Partial<Tick> = {}) {
      for (let at = fromSeconds; at <= toSeconds; at += 2) {
        await clock.advance(Math.max(0, at * 1000 - clock.nowMs()));
        const tick = aTick({ atMs: at * 1000, arrivals: rps * 2, inFlight: 1, ...counts(), ...of });
        const about = { source: "metrics-collector", subject: "stress", key: at * 1000, nowMs: clock.nowMs() };
        await send(makeEvent("tick", { ...about, data: { managed, tick } }));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

async function aScaler(t: TestContext, { clock, bus, target, managed }: ReturnType<typeof aWorld>) {
  const scaler = createScaler({
    ...{ bus, target, clock, monotonic: clock, settings: GUARD_DEFAULTS, windowSeconds: 30, log: silentLog },
    functions: { list: async () => ({ managed: [managed], problems: [] }) },
    ...{ fallback: () => sloBudgetPolicy(), lease: soleLease(), activity: new Activity(() => performance.now()) },
  });
  return runScaler(t, scaler);
}

describe("a held target", () => {
  test("ticks follow the load up and down, each decision gives the controller's state, and every promise is kept", async (t) => {
    const world = aWorld();
    await world.heard();
    const { scaler } = await aScaler(t, world);
    await world.ticks(2, 30, 2);
    await world.window(1);
    await world.proposal(1, TARGET);
    for (const seq of [2, 3]) {
      await world.ticks(seq * 30 - 28, seq * 30, 2);
      await world.window(seq);
      await world.proposal(seq, TARGET);
    }
    assert.equal(world.target.get("stress"), 4);
    await world.ticks(92, 110, 8);
    assert.ok(world.target.get("stress")! > 12, world.decided.map(({ reason }) => reason).join("\n"));
    await world.ticks(112, 170, 2);
    await scaler.settled();
    assert.ok(world.target.get("stress")! <= 6, `${world.target.get("stress")}`);
    const byTick = world.decided.filter(({ trigger }) => trigger === "tick");
    assert.ok(byTick.length >= 2);
    for (const { control } of world.decided) assert.deepEqual(control?.target, TARGET);
    assert.deepEqual(checkPromises(world.record).broken, []);
  });

  test("on ticks that were not measured nothing goes down", async (t) => {
    const world = aWorld();
    await world.heard();
    const { scaler } = await aScaler(t, world);
    await world.begins();
    await world.ticks(92, 110, 8);
    const high = world.target.get("stress")!;
    await world.ticks(112, 200, 0, { arrivals: null, inFlight: null });
    await scaler.settled();
    assert.equal(world.target.get("stress"), high);
  });

  test("another scaler goes on from what the last decision said", async (t) => {
    const world = aWorld();
    await world.heard();
    const first = await aScaler(t, world);
    await world.begins();
    await world.ticks(92, 118, 2);
    await first.end();
    const { control } = world.decided.at(-1)!;
    await aScaler(t, world);
    await world.ticks(122, 148, 2);
    await world.window(5, control);
    // A minute after a restart nothing goes down; up it goes by the target that it was given, without a proposal.
    await world.ticks(152, 170, 8);
    assert.ok(world.target.get("stress")! > 8, `${world.target.get("stress")}`);
    assert.equal(world.decided.at(-1)!.trigger, "tick");
    assert.deepEqual(world.decided.at(-1)!.control?.target, TARGET);
  });

  test("a policy that gives a count again is behind guard 1 at once", async (t) => {
    const world = aWorld();
    await world.heard();
    const { scaler } = await aScaler(t, world);
    await world.begins();
    await world.window(4);
    await world.proposal(4, undefined, 5);
    await scaler.settled();
    const decisions = world.decided.length;
    assert.equal(world.decided.at(-1)!.control, undefined);
    await world.ticks(122, 140, 9);
    assert.equal(world.decided.length, decisions, "ticks hold nothing any more");
  });

  test("in shadow a target is reported once, not with every tick", async (t) => {
    const world = aWorld({ mode: "shadow" });
    await world.heard();
    const { scaler } = await aScaler(t, world);
    await world.ticks(2, 90, 8);
    await world.window(3);
    await world.proposal(3, TARGET);
    await world.ticks(92, 118, 8);
    await scaler.settled();
    assert.equal(world.target.get("stress"), 3);
    assert.ok(world.decided.length <= 4, `${world.decided.length}`);
  });
});
