/** The checker of the guard's promises: silent on what the guard does, loud on each promise broken once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import type { Applied } from "#shared/core/decision.ts";
import { checkPromises } from "#test/support/check-promises.ts";
import { promiseChecker, PROMISES, type PromiseName, type RecordedEvent } from "#shared/guard/promises.ts";
import { aStory } from "#test/support/guard/story.ts";
import { live, world } from "#test/support/guard/world.ts";

type Change = (decision: Applied, at: number) => Applied | null;

/** The story with the first decision that `change` has an answer for put in the place of the told one. */
function storyWith(change: Change): RecordedEvent[] {
  let done = false;
  const changed = aStory().map((event, at) => {
    if (done || event.kind !== "applied") return event;
    const data = change(event.data, at);
    if (data === null) return event;
    done = true;
    return { kind: "applied", data } as const;
  });
  assert.ok(done, "the story has such a decision");
  return changed;
}

/** A whole, well explained decision that asks for something else. */
function asking(decision: Applied, desired: number, from = decision.current!): Applied {
  const stages = decision.stages.map(({ stage }, at) => ({
    stage,
    replicas: at === 0 ? from : desired,
    note: at === 1 ? "because" : null,
  }));
  const reason = desired === from ? `${from}, kept: so` : `${from} → ${desired}: so`;
  return {
    ...decision,
    current: from,
    desired,
    applied: desired,
    target: "openfaas",
    stages,
    reason,
    proposed: desired,
  };
}

const onWindow = ({ seq }: Applied, wanted: number) => seq === wanted;

describe("the guard's promises", () => {
  test("a guard's own record keeps them all, and each had something to say", () => {
    const report = checkPromises(aStory());
    assert.deepEqual(report.broken, []);
    assert.equal(report.read.window, 32);
    for (const promise of PROMISES.filter((one) => one !== "frozen stays" && one !== "to zero only when idle")) {
      assert.ok(report.checked[promise] > 0, `nothing was checked of '${promise}'`);
    }
  });

  test("whatever happens to a guard, its record keeps them", () =>
    fc.assert(
      fc.property(world, (w) => {
        assert.deepEqual(checkPromises(live(w).record, w.settings).broken, []);
      }),
      { numRuns: 500, seed: 20_261 },
    ));

  test("what a listener missed proves nothing: any part of a record keeps them too", () =>
    fc.assert(
      fc.property(world, fc.infiniteStream(fc.boolean()), (w, missed) => {
        const checker = promiseChecker(w.settings, { mayHaveGaps: true });
        for (const event of live(w).record) if (missed.next().value !== true) checker.take(event);
        assert.deepEqual(checker.report().broken, []);
      }),
      { numRuns: 500, seed: 20_262 },
    ));

  const breaks: readonly {
    readonly promise: PromiseName;
    readonly name: string;
    readonly says: RegExp;
    readonly change: Change;
  }[] = [
    {
      promise: "bounds",
      name: "a count above the maximum",
      says: /24 is above the maximum of 20/,
      change: (one) => (onWindow(one, 12) ? asking(one, 24) : null),
    },
    {
      promise: "bounds",
      name: "a count below the minimum",
      says: /0 is below the minimum of 1/,
      change: (one) => (onWindow(one, 24) ? asking(one, 0) : null),
    },
    {
      promise: "no scale-down on missing data",
      name: "lowered on a window without arrivals",
      says: /lowered to \d+ though not measured: arrivals/,
      change: (one) => (onWindow(one, 18) ? asking(one, one.current! - 1) : null),
    },
    {
      promise: "no scale-down on missing data",
      name: "lowered by a tick",
      says: /a tick lowered/,
      change: (one) => (one.trigger === "floor" ? asking(one, 1, 2) : null),
    },
    {
      promise: "no scale-down on missing data",
      name: "decided on a count that nobody knows",
      says: /without a known count/,
      change: (one) => (onWindow(one, 5) ? { ...one, current: null, stages: [] } : null),
    },
    {
      promise: "rate limits",
      name: "up too fast",
      says: /rate-limited from 19/,
      change: (one) => (onWindow(one, 3) ? asking(one, 19) : null),
    },
    {
      promise: "rate limits",
      name: "down too fast",
      says: /rate-limited from 2: at least/,
      change: (one) => (one.current! > 10 && one.seq! > 20 ? asking(one, 2) : null),
    },
    {
      promise: "no flapping",
      name: "down at once after a busy window",
      says: /though 1\d were asked for \d+ s before/,
      change: (one) => (onWindow(one, 14) ? asking(one, one.current! - 1) : null),
    },
    {
      promise: "no scale-down after a restart",
      name: "down in the first window of a new guard",
      says: /lowered to \d+ 0 s after a restart/,
      change: (one) => (onWindow(one, 25) ? asking(one, one.current! - 1) : null),
    },
    {
      promise: "no scale-down after a restart",
      name: "a new lease with an old memory",
      says: /under fencing 2 with what was remembered under 1/,
      change: (one) => (onWindow(one, 25) ? { ...one, guardSinceMs: 0 } : null),
    },
    {
      promise: "panic floor",
      name: "a burst that is passed over",
      says: /in-flight proves a need of 12, \d+ may be asked for, but 2 was decided on/,
      change: (one) => (onWindow(one, 7) ? asking(one, 2, 2) : null),
    },
    {
      promise: "rate limits",
      name: "down to the minimum at once",
      says: /rate-limited from 1: at least/,
      change: (one) => (one.current! > 10 && one.seq! > 20 ? asking(one, 1) : null),
    },
    {
      promise: "to zero only when idle",
      name: "the last one goes while calls come",
      says: /lowered to 0 with 30 arrivals/,
      change: (one) => (onWindow(one, 9) ? asking(one, 0) : null),
    },
    {
      promise: "only where it may",
      name: "scaled while it only watches",
      says: /in mode 'shadow'/,
      change: (one) => (one.target === "none" ? null : { ...one, mode: "shadow" }),
    },
    {
      promise: "one writer",
      name: "the old one decides after the new one",
      says: /under fencing 1 after .* under 2/,
      change: (one) => (onWindow(one, 27) ? { ...one, fencing: 1 } : null),
    },
    {
      promise: "other writers reported",
      name: "a foreign change without a word",
      says: /found 1\d where 1\d was left/,
      change: (one) => (onWindow(one, 16) ? asking(one, one.current!) : null),
    },
    {
      promise: "frozen stays",
      name: "scaled while frozen",
      says: /while frozen/,
      change: (one) => {
        if (!onWindow(one, 3)) return null;
        const asked = asking(one, 3);
        return {
          ...asked,
          stages: asked.stages.map((stage, at) => (at > 0 ? stage : { ...stage, note: "frozen by ada" })),
        };
      },
    },
    {
      promise: "explained",
      name: "a stage is missing",
      says: /its stages are/,
      change: (one) => (onWindow(one, 2) ? { ...one, stages: one.stages.slice(1) } : null),
    },
    {
      promise: "explained",
      name: "two stages have changed places",
      says: /its stages are/,
      change: (one) => (onWindow(one, 2) ? { ...one, stages: [...one.stages.slice(1), one.stages[0]!] } : null),
    },
    {
      promise: "explained",
      name: "a stage changes the count and does not say why",
      says: /changes the count to \d+ without a reason/,
      change: (one) =>
        onWindow(one, 17) || one.desired! > one.current!
          ? { ...one, stages: one.stages.map((stage) => ({ ...stage, note: null })) }
          : null,
    },
    {
      promise: "explained",
      name: "no reason",
      says: /no reason/,
      change: (one) => (onWindow(one, 2) ? { ...one, reason: " " } : null),
    },
    {
      promise: "explained",
      name: "applied is not what the last stage says",
      says: /says that \d+ was applied, not 19/,
      change: (one) => (one.applied === null ? null : { ...one, applied: 19 }),
    },
    {
      promise: "based on published events",
      name: "a window that nobody closed",
      says: /no window of the record/,
      change: (one) => (onWindow(one, 9) ? { ...one, decisionId: "resize@271000" } : null),
    },
    {
      promise: "based on published events",
      name: "another window's number",
      says: /decided on window 77/,
      change: (one) => (onWindow(one, 9) ? { ...one, seq: 77 } : null),
    },
    {
      promise: "based on published events",
      name: "a tick that nobody told",
      says: /no tick of the record/,
      change: (one) => (one.trigger === "floor" ? { ...one, decisionId: "resize@1/floor" } : null),
    },
    {
      promise: "based on published events",
      name: "a proposal that nobody made",
      says: /no proposal of the record is openfaas-pro's for 3 replicas/,
      change: (one) => (onWindow(one, 2) ? { ...one, proposed: 3 } : null),
    },
  ];
  for (const { promise, name, says, change } of breaks) {
    test(`${promise}: ${name}`, () => {
      const { broken } = checkPromises(storyWith(change));
      const found = broken.filter((one) => one.promise === promise);
      assert.ok(
        found.some(({ sentence }) => says.test(sentence)),
        JSON.stringify(broken),
      );
      assert.match(found[0]!.decisionId, /^resize@\d+/);
    });
  }

  test("every promise is broken by some case above", () => {
    const broken = new Set([...breaks.map(({ promise }) => promise), "decided once"]);
    assert.deepEqual([...broken].sort(), [...PROMISES].sort());
  });

  test("decided once: the same again word for word is a delivery; anything else under its id is a second decision", () => {
    const story = aStory();
    const last = story.findLast((event) => event.kind === "applied")!;
    const again = checkPromises([...story, last]);
    assert.deepEqual([again.broken, again.read.repeated], [[], 1]);
    const other = checkPromises([...story, { ...last, data: { ...last.data, reason: "2, kept: otherwise" } }]);
    assert.deepEqual(
      other.broken.map(({ promise }) => promise),
      ["decided once"],
    );
  });

  test("what a listener missed proves nothing; what it heard is compared", () => {
    const heard = aStory().filter(
      (event) =>
        !(event.kind === "proposal" && event.data.proposal.seq === 9) &&
        !(event.kind === "window" && event.data.window.seq === 12),
    );
    assert.equal(checkPromises(heard).broken.length, 2);
    const checker = promiseChecker(undefined, { mayHaveGaps: true });
    for (const event of heard) checker.take(event);
    assert.deepEqual(checker.report().broken, []);
    const other = promiseChecker(undefined, { mayHaveGaps: true });
    for (const event of storyWith((one) => (onWindow(one, 2) ? { ...one, proposed: 3 } : null))) other.take(event);
    assert.deepEqual(
      other.report().broken.map(({ promise }) => promise),
      ["based on published events"],
    );
  });

  test("a record that begins in the middle misses nothing that it could have", () => {
    const story = aStory();
    const middle = story.findIndex((event) => event.kind === "window" && event.data.window.seq === 10);
    assert.deepEqual(checkPromises(story.slice(middle + 1)).broken, []);
  });
});
