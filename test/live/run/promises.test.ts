/** What `up --verify` ends with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROMISES, type RecordedEvent } from "#shared/guard/promises.ts";
import { decisionIdOf } from "#shared/core/proposal.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { isKept, promiseLines, recordPromises } from "#shared/live/run/promises.ts";
import { aStory } from "#test/support/guard/story.ts";

/** A bus that hands over what is given, to whoever has subscribed. */
function givenBus() {
  const handlers = new Map<string, (event: { data: unknown }) => Promise<void>>();
  const bus = {
    subscribe: async (kind: string, handler: (event: { data: unknown }) => Promise<void>) => {
      handlers.set(kind, handler);
      return { close: async () => {} };
    },
  } as unknown as EventBus;
  const give = async (events: readonly RecordedEvent[]) => {
    for (const event of events) if ("data" in event) await handlers.get(event.kind)?.(event);
  };
  return { bus, give };
}

const scaler = (environment: Record<string, string> = {}) => [{ name: "scaler", environment }];

test("a run that kept every promise ends with one line", async () => {
  const { bus, give } = givenBus();
  const judged = await recordPromises(bus, scaler());
  await give(aStory());
  assert.equal(isKept(judged()), true);
  assert.match(
    promiseLines(judged()).join("\n"),
    new RegExp(`^all ${PROMISES.length} promises held over \\d+ decisions$`),
  );
});

test("a broken promise is a line that names the decision; a run without a decision proves nothing", async () => {
  const { bus, give } = givenBus();
  const judged = await recordPromises(bus, scaler());
  assert.equal(isKept(judged()), false);
  assert.match(promiseLines(judged())[0]!, /^nothing was decided/);
  const story = aStory().map((event) =>
    event.kind === "applied" && event.data.seq === 10
      ? { ...event, data: { ...event.data, desired: 40, applied: 40 } }
      : event,
  );
  await give(story);
  assert.equal(isKept(judged()), false);
  const lines = promiseLines(judged());
  assert.ok(
    lines.some((line) => line.startsWith("broken promise: bounds: resize@300000: ")),
    lines.join("\n"),
  );
});

test("decisions are found again by the generation of what they are on", async () => {
  const { bus, give } = givenBus();
  const judged = await recordPromises(bus, scaler());
  const inGeneration = (id: string) => id.replace("@", "@g7.");
  await give(
    aStory().map((event) => {
      if (event.kind === "window")
        return { ...event, data: { ...event.data, window: { ...event.data.window, generation: "g7" } } };
      if (event.kind === "tick")
        return { ...event, data: { ...event.data, tick: { ...event.data.tick, generation: "g7" } } };
      if (event.kind === "applied")
        return { ...event, data: { ...event.data, decisionId: inGeneration(event.data.decisionId), generation: "g7" } };
      if (event.kind !== "proposal") return event;
      const { proposal } = event.data;
      return { ...event, data: { proposal: { ...proposal, decisionId: inGeneration(proposal.decisionId) } } };
    }),
  );
  assert.deepEqual(judged().broken, []);
  assert.equal(decisionIdOf("f", 5, "g7"), inGeneration(decisionIdOf("f", 5)));
});

test("the scaler's own patience counts", async () => {
  const lines: string[][] = [];
  for (const environment of [{}, { STABILISATION_SECONDS: "600" }]) {
    const { bus, give } = givenBus();
    const judged = await recordPromises(bus, scaler(environment));
    await give(aStory());
    lines.push(promiseLines(judged()));
  }
  assert.equal(lines[0]!.length, 1);
  assert.ok(
    lines[1]!.some((line) => line.startsWith("broken promise: no flapping")),
    lines[1]!.join("\n"),
  );
});
