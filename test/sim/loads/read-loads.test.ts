/** The manifest of loads as text: what is read, and one sentence for everything that cannot be. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { readLoads } from "#shared/sim/loads/read-loads.ts";
import { DRAWN } from "#test/support/sim/loads.ts";

const PART = { file: "a.csv", select: ["row=1", "row=2"], fromSeconds: 60, times: 3 };
const LOAD = {
  name: "azure-spike-001",
  split: "train",
  family: "spike",
  durationSeconds: 7200,
  seed: 4,
  parts: [PART, { file: "b.json", fromSeconds: 0, seconds: 600, atSeconds: 6600, share: 0.25 }],
  spread: { deviation: 0.5, correlationSeconds: 8 },
  function: "stress",
};
const { parts: _parts, spread: _spread, ...BARE } = LOAD;
const MADE = { ...BARE, name: "made-flash-1", family: "flash", meanRps: 3.5, function: DRAWN };

const document = (...loads: unknown[]) => JSON.stringify({ about: "loads", loads });

describe("the manifest of loads", () => {
  test("is read as it stands", () => {
    assert.deepEqual(readLoads("m.json", document(LOAD, MADE)), [LOAD, MADE]);
  });

  const load = (changes: object, of: object = LOAD) => document({ ...of, ...changes });
  const part = (changes: object) => load({ parts: [{ ...PART, ...changes }] });
  const at = "m.json: loads[0] 'azure-spike-001'";
  for (const { name, text, says } of [
    { name: "no JSON", text: "{", says: /^m\.json: is no JSON \(/ },
    { name: "a list", text: "[]", says: "m.json must be an object, was: '[]'" },
    {
      name: "no loads",
      text: '{"about":"a","loads":[]}',
      says: "m.json: loads must be a list with an entry, was: '[]'",
    },
    { name: "nothing about it", text: '{"loads":[]}', says: "m.json: about must be a text, was: 'missing'" },
    { name: "another field", text: '{"about":"a","loads":[],"x":1}', says: "m.json: there is no field 'x'" },
    { name: "a load that is none", text: document(3), says: "m.json: loads[0] must be an object, was: '3'" },
    {
      name: "a name with a blank",
      text: load({ name: "a b" }),
      says: "m.json: loads[0]: name must be up to 60 of a–z, 0–9 and -, was: 'a b'",
    },
    { name: "a name twice", text: document(LOAD, LOAD), says: "m.json: two loads have the name 'azure-spike-001'" },
    {
      name: "an unknown split",
      text: load({ split: "all" }),
      says: `${at}: split must be one of train, validation, test, was: 'all'`,
    },
    {
      name: "an unknown family",
      text: load({ family: "odd" }),
      says: `${at}: family must be one of steady, diurnal, seasonal, ramp, flash, spike, intermittent, llm, was: 'odd'`,
    },
    {
      name: "a duration as text",
      text: load({ durationSeconds: "7200" }),
      says: `${at}: durationSeconds must be a whole number from 30 to 2678400, was: '7200'`,
    },
    {
      name: "half a window",
      text: load({ durationSeconds: 7215 }),
      says: `${at}: durationSeconds must be whole windows of 30 s, was: '7215'`,
    },
    {
      name: "no seed",
      text: load({ seed: undefined }),
      says: `${at}: seed must be a whole number from 0 to 9007199254740991, was: 'missing'`,
    },
    {
      name: "parts and a rate",
      text: load({ meanRps: 3 }),
      says: `${at}: exactly one of parts and meanRps must be there`,
    },
    { name: "neither", text: document(BARE), says: `${at}: exactly one of parts and meanRps must be there` },
    {
      name: "no rate",
      text: load({ meanRps: 0 }, BARE),
      says: `${at}: meanRps must be a number from 0.001 to 10000, was: '0'`,
    },
    {
      name: "a rate with a spread",
      text: load({ spread: {} }, { ...BARE, meanRps: 1 }),
      says: `${at}: there is no field 'spread'`,
    },
    { name: "a field nobody reads", text: load({ scale: 10 }), says: `${at}: there is no field 'scale'` },
    { name: "no part", text: load({ parts: [] }), says: `${at}: parts must be a list with an entry, was: '[]'` },
    {
      name: "a file elsewhere",
      text: part({ file: "../a.csv" }),
      says: `${at}, part 1: file must be the name of a file beside this one, was: '../a.csv'`,
    },
    {
      name: "a selection twice",
      text: part({ select: ["row=1", "row=1"] }),
      says: `${at}, part 1: select must be a list of texts, each once, was: '["row=1","row=1"]'`,
    },
    {
      name: "more than threefold",
      text: part({ times: 4 }),
      says: `${at}, part 1: times must be a whole number from 2 to 3, was: '4'`,
    },
    {
      name: "two and a half times",
      text: part({ times: 2.5 }),
      says: `${at}, part 1: times must be a whole number from 2 to 3, was: '2.5'`,
    },
    {
      name: "a share of all",
      text: part({ times: undefined, share: 1 }),
      says: `${at}, part 1: share must be a number from 0.001 to 0.999, was: '1'`,
    },
    { name: "both", text: part({ share: 0.5 }), says: `${at}, part 1: at most one of times and share may be there` },
    {
      name: "half a second",
      text: part({ fromSeconds: 0.5 }),
      says: `${at}, part 1: fromSeconds must be a whole number from 0 to 2678400, was: '0.5'`,
    },
    {
      name: "a part that begins too late",
      text: part({ atSeconds: 7200 }),
      says: `${at}, part 1: atSeconds must be a whole number from 0 to 7199, was: '7200'`,
    },
    {
      name: "a part that ends too late",
      text: part({ atSeconds: 7000, seconds: 600 }),
      says: `${at}, part 1: seconds must be at most the 200 that are left of the load, was: '600'`,
    },
    {
      name: "a file whole and in part",
      text: load({ parts: [PART, { file: "a.csv", fromSeconds: 0 }] }),
      says: `${at}: takes 'a.csv' whole and in part`,
    },
    {
      name: "a spread without memory",
      text: load({ spread: { deviation: 0.5, correlationSeconds: 0 } }),
      says: `${at}: spread: correlationSeconds must be a number from 0.1 to 3600, was: '0'`,
    },
    {
      name: "an unknown profile",
      text: load({ function: "big" }),
      says: `${at}: function must be one of stress, api, io, heavy, was: 'big'`,
    },
    {
      name: "no function",
      text: load({ function: undefined }),
      says: `${at}: function must be one of stress, api, io, heavy, or an object, was: 'missing'`,
    },
    {
      name: "a function without an SLO",
      text: load({ function: { ...DRAWN, sloSeconds: undefined } }),
      says: `${at}: function: sloSeconds must be a number from 0.001 to 60, was: 'missing'`,
    },
    {
      name: "a function with a percentile",
      text: load({ function: { ...DRAWN, percentile: 99 } }),
      says: `${at}: function: there is no field 'percentile'`,
    },
    {
      name: "half a replica",
      text: load({ function: { ...DRAWN, maxReplicas: 2.5 } }),
      says: `${at}: function: maxReplicas must be a whole number from 1 to 1000, was: '2.5'`,
    },
  ]) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => readLoads("m.json", text),
        (thrown: unknown) => {
          assert.ok(thrown instanceof BadInputError, String(thrown));
          if (typeof says === "string") assert.equal(thrown.message, says);
          else assert.match(thrown.message, says);
          return true;
        },
      );
    });
  }
});
