/** Subjects, patterns, and who receives what. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { isPattern, isPublishable, matches } from "#services/local-openfaas/bus/subjects.ts";
import { Subscriptions, type Subscriber } from "#services/local-openfaas/bus/subscriptions.ts";

for (const { subject, pattern, publishable } of [
  { subject: "replicant.tick", pattern: true, publishable: true },
  { subject: "a", pattern: true, publishable: true },
  { subject: "*", pattern: true, publishable: false },
  { subject: ">", pattern: true, publishable: false },
  { subject: "a.*.b.>", pattern: true, publishable: false },
  { subject: "a*", pattern: true, publishable: true },
  { subject: "a.>.b", pattern: false, publishable: false },
  { subject: "", pattern: false, publishable: false },
  { subject: ".a", pattern: false, publishable: false },
  { subject: "a.", pattern: false, publishable: false },
  { subject: "a..b", pattern: false, publishable: false },
  { subject: "a b", pattern: false, publishable: false },
  { subject: "a\0b", pattern: false, publishable: false },
]) {
  test(`subject ${JSON.stringify(subject)}: pattern ${pattern}, publishable ${publishable}`, () => {
    assert.deepEqual([isPattern(subject), isPublishable(subject)], [pattern, publishable]);
  });
}

/** Few different tokens, so that patterns do meet subjects. */
const token = fc.constantFrom("a", "b", "c");
const subjects = fc.array(token, { minLength: 1, maxLength: 5 });
const patterns = fc
  .tuple(fc.array(fc.oneof(token, fc.constant("*")), { maxLength: 4 }), fc.constantFrom("a", "*", ">"))
  .map(([start, last]) => [...start, last]);

/** The same in words that regular expressions know. */
function byExpression(pattern: readonly string[]): RegExp {
  const parts = pattern.map((wanted) => (wanted === "*" ? "[^.]+" : wanted === ">" ? "[^.]+(\\.[^.]+)*" : wanted));
  return new RegExp(`^${parts.join("\\.")}$`);
}

test("a pattern takes what its expression takes", () => {
  fc.assert(
    fc.property(patterns, subjects, (pattern, subject) => {
      assert.equal(matches(pattern, subject), byExpression(pattern).test(subject.join(".")));
    }),
  );
});

const subscriber = (client: string, pattern: string, queue: string | null = null): Subscriber<string> => ({
  ...{ client, pattern, queue, sid: "1", max: null, delivered: 0 },
});

test("subscriptions: the audience is all without a queue and one of each queue", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ pattern: patterns, queue: fc.option(fc.constantFrom("q", "r")) }), { maxLength: 15 }),
      subjects,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (all, subject, chance) => {
        const subscriptions = new Subscriptions<string>(() => chance);
        const members = all.map(({ pattern, queue }, index) => subscriber(`c${index}`, pattern.join("."), queue));
        for (const member of members) subscriptions.add(member);
        const heard = subscriptions.audience(subject.join("."), null);
        const takers = members.filter(({ pattern }) => byExpression(pattern.split(".")).test(subject.join(".")));
        assert.deepEqual(
          new Set(heard.filter((m) => m.queue === null)),
          new Set(takers.filter((m) => m.queue === null)),
        );
        for (const queue of ["q", "r"]) {
          const chosen = heard.filter((member) => member.queue === queue);
          const eligible = takers.filter((member) => member.queue === queue);
          assert.equal(chosen.length, Math.min(1, eligible.length));
          assert.ok(chosen.every((member) => eligible.includes(member)));
        }
        for (const member of members) subscriptions.remove(member);
        assert.deepEqual(subscriptions.matching(subject.join(".")), []);
      },
    ),
  );
});

test("subscriptions: a sender without echo is no member of its queue's audience either", () => {
  const subscriptions = new Subscriptions<string>(() => 0);
  subscriptions.add(subscriber("me", "a", "q"));
  subscriptions.add(subscriber("you", "a", "q"));
  subscriptions.add(subscriber("me", "a"));
  assert.deepEqual(
    subscriptions.audience("a", "me").map(({ client }) => client),
    ["you"],
  );
});
