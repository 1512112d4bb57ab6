import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { decodeEvent, encodeEvent, EventFormatError, makeEvent } from "#shared/events/codec.ts";
import { readHistory } from "#shared/events/history.ts";
import { SUBJECTS } from "#shared/events/subjects.ts";
import { aProposal } from "#test/support/a-decision.ts";
import { aManaged, aTick, aWindow } from "#test/support/a-window.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

function aWindowEvent() {
  const data = {
    managed: aManaged(),
    window: aWindow({ seq: 3 }),
    history: [aWindow({ seq: 1 }), aWindow({ seq: 2 })],
  };
  return makeEvent("window", { source: "metrics-collector", subject: "stress", key: 90_000, nowMs: NOW_MS, data });
}

/** The event as JSON with the value at `path` replaced (or removed, when it is undefined), as bytes. */
function tampered(path: string, value: unknown): Uint8Array {
  const json = JSON.parse(Buffer.from(encodeEvent(aWindowEvent())).toString()) as Record<string, unknown>;
  const keys = path.split(".");
  const parent = keys.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, json);
  parent[keys.at(-1)!] = value;
  return Buffer.from(JSON.stringify(json));
}

describe("event codec", () => {
  test("an event comes back as it was", () => {
    const event = aWindowEvent();
    assert.deepEqual(decodeEvent("window", encodeEvent(event)), event);
  });

  test("the id is derived, never random", () => {
    assert.equal(aWindowEvent().id, "stress@90000/window");
  });

  test("events from before there were generations have none, and a proposer that knows none answers its window", () => {
    const { data } = decodeEvent("window", tampered("data.window.generation", undefined));
    assert.equal(data.window.generation, "");
    const window = aWindow({ generation: "g" });
    const proposal = aProposal({ generation: "" });
    const made = { managed: aManaged(), proposal, window };
    const told = { source: "p", subject: "stress", key: 30_000, nowMs: NOW_MS };
    const heard = decodeEvent("proposal", encodeEvent(makeEvent("proposal", { ...told, data: made })));
    assert.equal(heard.data.proposal.generation, "g");
  });

  test("a bad entry of the history is left out, and the window is read all the same", () => {
    for (const [path, value] of [
      ["data.history.0.arrivals", -1],
      ["data.history.0.inFlightMax", null],
      ["data.history.0.latencySeconds.p95", -0.1],
      ["data.history.0.completedError", { "4xx": -1, "429": 0, "5xx": 0, "504": 0 }],
      ["data.history.0", "no window"],
      ["data.history.0", null],
    ] as const) {
      const { data } = decodeEvent("window", tampered(path, value));
      assert.equal(data.window.seq, 3);
      assert.deepEqual(
        readHistory(data.history).map(({ seq }) => seq),
        value === null && path !== "data.history.0" ? [1, 2] : [2],
        path,
      );
    }
  });

  test("on the wire it is a CloudEvent in structured JSON", () => {
    const json = JSON.parse(Buffer.from(encodeEvent(aWindowEvent())).toString()) as Record<string, unknown>;
    assert.equal(json["specversion"], "1.0");
    assert.equal(json["type"], SUBJECTS.window);
    assert.equal(json["subject"], "stress");
    assert.equal(json["time"], "2026-01-02T03:04:05.000Z");
    assert.equal("kind" in json, false);
  });

  test("unknown fields are passed over, so that a newer part may say more", () => {
    assert.deepEqual(decodeEvent("window", tampered("added", 1)), aWindowEvent());
    assert.deepEqual(decodeEvent("window", tampered("data.window.added", 1)), aWindowEvent());
  });

  for (const { name, path, value, says } of [
    {
      name: "a text where a number belongs",
      path: "data.window.inFlightMean",
      value: "3",
      says: "replicant.window: window.window.inFlightMean must be a number, was: '3'",
    },
    {
      name: "a missing field",
      path: "data.window.arrivals",
      value: undefined,
      says: "replicant.window: window.window.arrivals must be a number, was: missing",
    },
    {
      name: "a negative count",
      path: "data.window.desiredReplicas",
      value: -1,
      says: "replicant.window: window.window.desiredReplicas must be at least 0, was: -1",
    },
    {
      name: "a fraction of a replica",
      path: "data.window.desiredReplicas",
      value: 1.5,
      says: "replicant.window: window.window.desiredReplicas must be a whole number, was: 1.5",
    },
    {
      name: "an unknown mode",
      path: "data.managed.mode",
      value: "yolo",
      says: "replicant.window: window.managed.mode must be one of off, shadow, canary, auto, was: 'yolo'",
    },
    {
      name: "a history that is no list",
      path: "data.history",
      value: {},
      says: "replicant.window: window.history must be a list, was: an object",
    },
    {
      name: "a history that could not be handed on",
      path: "data.history.0.latencySeconds.p95",
      value: JSON.parse("[".repeat(16) + "]".repeat(16)) as unknown,
      says: "replicant.window: window.history must nest at most 16 deep, was: a list of 2",
    },
    {
      name: "another event's type",
      path: "type",
      value: "replicant.tick",
      says: "event.type must be 'replicant.window', was: 'replicant.tick'",
    },
    {
      name: "no time",
      path: "time",
      value: undefined,
      says: "replicant.window: event.time must be a string, was: missing",
    },
  ]) {
    test(`refuses ${name}, naming the field`, () => {
      const bytes = tampered(path, value);
      assert.throws(() => decodeEvent("window", bytes), { name: "EventFormatError", message: says });
    });
  }

  for (const [name, bytes] of [
    ["no JSON", Buffer.from("{")],
    ["no UTF-8", Buffer.from([0xff, 0xfe])],
    ["nothing", Buffer.alloc(0)],
  ] as const) {
    test(`refuses ${name}`, () => assert.throws(() => decodeEvent("tick", bytes), EventFormatError));
  }

  test("a tick with nulls is a tick: absence is a value", () => {
    const data = { managed: aManaged(), tick: aTick({ inFlight: null, availableReplicas: null }) };
    const event = makeEvent("tick", { source: "t", subject: "stress", key: 2_000, nowMs: NOW_MS, data });
    assert.deepEqual(decodeEvent("tick", encodeEvent(event)), event);
  });
});
