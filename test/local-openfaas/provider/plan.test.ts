/** The plan of starts and drains. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planReplicas, type PlannedReplica } from "#services/local-openfaas/provider/plan.ts";

/** `r1@5` is a ready replica of generation 1 started at 5; `s` starting, `d` draining. */
function replicas(text: string): PlannedReplica[] {
  const states = { s: "starting", r: "ready", d: "draining" } as const;
  return text
    .split(" ")
    .filter(Boolean)
    .map((id) => {
      const [, letter, generation, at] = /^(.)(\d)@(\d+)$/.exec(id)!;
      return { id, state: states[letter as "s" | "r" | "d"], generation: Number(generation), startedAtMs: Number(at) };
    });
}

for (const { name, have, desired, starts = 0, drains = [] } of [
  { name: "from nothing", have: "", desired: 3, starts: 3 },
  { name: "as desired", have: "r1@1 s1@2", desired: 2 },
  { name: "more", have: "r1@1", desired: 3, starts: 2 },
  { name: "draining replicas do not count", have: "r1@1 d1@2", desired: 2, starts: 1 },
  { name: "fewer: the newest leave first", have: "r1@1 r1@3 r1@2", desired: 1, drains: ["r1@3", "r1@2"] },
  { name: "fewer: what is not ready leaves before the newest", have: "r1@9 s1@1", desired: 1, drains: ["s1@1"] },
  { name: "to zero", have: "r1@1 s1@2", desired: 0, drains: ["s1@2", "r1@1"] },
  { name: "update: one new above desired", have: "r0@1 r0@2", desired: 2, starts: 1 },
  { name: "update: the old stay while the new starts", have: "r0@1 r0@2 s1@3", desired: 2 },
  { name: "update: a ready new one frees an old one", have: "r0@1 r0@2 r1@3", desired: 2, starts: 1, drains: ["r0@2"] },
  { name: "update: the last old one leaves", have: "r0@1 r1@2 r1@3", desired: 2, drains: ["r0@1"] },
  {
    name: "update: an old one that never became ready leaves at once",
    have: "s0@1",
    desired: 1,
    starts: 1,
    drains: ["s0@1"],
  },
  { name: "update and fewer", have: "r0@1 r0@2 r0@3", desired: 1, drains: ["r0@3", "r0@2"], starts: 1 },
  { name: "update and to zero", have: "r0@1 s1@2", desired: 0, drains: ["s1@2", "r0@1"] },
]) {
  test(`plan: ${name}`, () => assert.deepEqual(planReplicas(replicas(have), desired, 1), { starts, drains }));
}

test("plan: whatever there is, repeated plans end with what is desired, never below it on the way", () => {
  const someReplicas = fc.array(
    fc.record({
      state: fc.constantFrom("starting", "ready", "draining"),
      generation: fc.constantFrom(0, 1),
      startedAtMs: fc.nat(20),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(someReplicas, fc.nat(6), (some, desired) => {
      let have: PlannedReplica[] = some.map((replica, i) => ({ ...replica, id: String(i) }));
      const ready = () => have.filter(({ state }) => state === "ready").length;
      for (let round = 0; round < 30; round++) {
        const before = ready();
        const { starts, drains } = planReplicas(have, desired, 1);
        have = have.map((replica) => (drains.includes(replica.id) ? { ...replica, state: "draining" } : replica));
        assert.ok(ready() >= Math.min(before, desired), "an old replica left too early");
        for (let i = 0; i < starts; i++) {
          have.push({ id: `${round}-${i}`, state: "starting", generation: 1, startedAtMs: 100 + round });
        }
        const live = have.filter(({ state }) => state !== "draining");
        assert.ok(live.length <= Math.max(desired + 1, some.length), "too many at a time");
        // One replica becomes ready, those that drain are gone.
        const next = live.find(({ state }) => state === "starting");
        have = live.map((replica) => (replica === next ? { ...replica, state: "ready" } : replica));
      }
      assert.equal(have.length, desired);
      assert.ok(have.every(({ generation, state }) => generation === 1 && state === "ready"));
    }),
  );
});
