/** The way to one function: order, bounds and what goes together. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { Lane, type LaneBounds } from "#services/connector/lane.ts";
import type { Parcel } from "#services/connector/parcel.ts";

const aParcel = (subject: string, seq: number): Parcel => ({ subject, body: `${subject}@${seq}`, window: null });

const nameOf = ({ body }: Parcel) => body;
const turns = async (count = 3) => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
};

/** A lane whose calls end when the test says so. */
function aLane(bounds: LaneBounds) {
  const calls: { readonly events: readonly string[]; readonly end: (problem?: string) => void }[] = [];
  const lane = new Lane((events) => {
    return new Promise((resolve) => {
      const end = (problem?: string) => resolve(events.map(() => problem ?? null));
      calls.push({ events: events.map(nameOf), end });
    });
  }, bounds);
  return { lane, calls };
}

test("different subjects go side by side, as many as there may be calls", async () => {
  const { lane, calls } = aLane({ maxCalls: 2, maxEvents: 1 });
  for (const subject of ["a", "b", "c"]) void lane.send(aParcel(subject, 1));
  await turns();
  assert.deepEqual(
    calls.map(({ events }) => events),
    [["a@1"], ["b@1"]],
  );
  calls[1]!.end();
  await turns();
  assert.deepEqual(calls.at(-1)!.events, ["c@1"]);
});

test("a subject's next event waits for the one before, and lets others pass", async () => {
  const { lane, calls } = aLane({ maxCalls: 16, maxEvents: 1 });
  for (const [subject, seq] of [
    ["a", 1],
    ["a", 2],
    ["b", 1],
    ["a", 3],
  ] as const)
    void lane.send(aParcel(subject, seq));
  await turns();
  assert.deepEqual(
    calls.map(({ events }) => events),
    [["a@1"], ["b@1"]],
  );
  calls[0]!.end("refused");
  await turns();
  assert.deepEqual(calls.at(-1)!.events, ["a@2"]);
});

test("what comes in one moment, or during the calls, goes together", async () => {
  const { lane, calls } = aLane({ maxCalls: 1, maxEvents: 3 });
  for (const subject of ["a", "b"]) void lane.send(aParcel(subject, 1));
  await turns();
  for (const subject of ["c", "a", "d", "e"]) void lane.send(aParcel(subject, 2));
  await turns();
  assert.deepEqual(
    calls.map(({ events }) => events),
    [["a@1", "b@1"]],
  );
  calls[0]!.end();
  await turns();
  assert.deepEqual(calls[1]!.events, ["c@2", "a@2", "d@2"]);
  calls[1]!.end();
  await turns();
  assert.deepEqual(calls[2]!.events, ["e@2"]);
});

test("each sender learns of its own event", async () => {
  const lane = new Lane(async (events) => events.map(({ subject }) => (subject === "b" ? "no" : null)), {
    maxCalls: 1,
    maxEvents: 8,
  });
  const all = ["a", "b", "c"].map((subject) => lane.send(aParcel(subject, 1)));
  assert.deepEqual(await Promise.all(all), [null, "no", null]);
});

test("whatever comes whenever: all arrive, each subject in its order, within the bounds", async () => {
  const arrivals = fc.array(fc.record({ subject: fc.constantFrom("a", "b", "c", "d"), pause: fc.boolean() }), {
    maxLength: 60,
  });
  const bounds = fc.record({ maxCalls: fc.integer({ min: 1, max: 4 }), maxEvents: fc.integer({ min: 1, max: 5 }) });
  const lengthsOfCalls = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(arrivals, bounds, lengthsOfCalls, async (all, limits, lengths) => {
      let underWay = 0;
      let calls = 0;
      const arrived: string[] = [];
      const lane = new Lane(async (events) => {
        underWay++;
        assert.ok(underWay <= limits.maxCalls && events.length <= limits.maxEvents);
        await turns(lengths[calls++ % lengths.length]!);
        arrived.push(...events.map(nameOf));
        underWay--;
        return events.map(() => null);
      }, limits);
      const sent: { readonly name: string; readonly done: Promise<string | null> }[] = [];
      for (const [seq, { subject, pause }] of all.entries()) {
        const event = aParcel(subject, seq);
        sent.push({ name: nameOf(event), done: lane.send(event) });
        if (pause) await turns(1);
      }
      await Promise.all(sent.map(({ done }) => done));
      const of = (names: readonly string[], subject: string) => names.filter((name) => name.startsWith(`${subject}@`));
      for (const subject of "abcd") {
        assert.deepEqual(
          of(arrived, subject),
          of(
            sent.map(({ name }) => name),
            subject,
          ),
        );
      }
    }),
    { numRuns: 60 },
  );
});
