import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { BadInputError } from "#shared/core/errors.ts";
import type { PolicyContext } from "#shared/policies/rule.ts";
import { policyByName, POLICY_USAGES } from "#shared/policies/by-name.ts";
import { answerTo, aWindow } from "#test/support/policies.ts";

const context: PolicyContext = {
  seed: 7,
  foresight: {
    schedule: { offsetSeconds: Float64Array.from([10, 40, 41, 80]), work: Float32Array.from([1, 1, 1, 1]) },
    startMs: 0,
    busySeconds: 1,
    utilisation: 0.7,
    startupSeconds: 3,
  },
};

const NAMES = [
  "fixed:3",
  "hpa",
  "hpa:cpu=60",
  "kpa",
  "kpa:rps",
  "keda",
  "keda:fallback=4",
  "openfaas-ce",
  "openfaas-pro",
  "openfaas-pro:rps",
  "openfaas-pro:cpu,target=70,down-window=60",
  "hybrid-histogram",
  "holt-winters",
  "random",
  "oracle",
];

describe("policies by name", () => {
  for (const name of NAMES) {
    test(`${name} answers under its own name, with a clause`, () => {
      const policy = policyByName(name, context)();
      assert.equal(policy.identity.name, name);
      const { proposedReplicas, because } = answerTo(policy, aWindow(1));
      assert.ok(Number.isFinite(proposedReplicas) && proposedReplicas >= 0);
      assert.ok(because.length > 0);
    });
  }

  for (const { text, message } of [
    { text: "hpb", message: /^unknown policy 'hpb'; known are fixed:N; hpa\[.*oracle/ },
    { text: "", message: /^unknown policy ''; known are/ },
    { text: "toString", message: /^unknown policy 'toString'/ },
    { text: "fixed", message: /^policy 'fixed': the count is missing, for example 'fixed:3'$/ },
    { text: "fixed:-1", message: /^policy 'fixed:-1': the count must be a whole number of at least 0, was: '-1'$/ },
    { text: "fixed:2,5", message: /^policy 'fixed:2,5': unknown option '5'$/ },
    { text: "hpa:cpu=abc", message: /^policy 'hpa:cpu=abc': cpu must be a number from 1 to 1000, was: 'abc'$/ },
    { text: "hpa:cpu=", message: /cpu must be a number from 1 to 1000, was: ''$/ },
    { text: "hpa:cpu=60,cpu=70", message: /cpu is given twice$/ },
    { text: "hpa:mem=3", message: /unknown option 'mem'$/ },
    { text: "openfaas-pro:queue", message: /'queue' is none of capacity, rps, cpu$/ },
    { text: "keda:fallback=3,behaviour=never", message: /behaviour must be one of static, .*, was: 'never'$/ },
  ]) {
    test(`'${text}' is refused in one sentence`, () => {
      assert.throws(
        () => policyByName(text, context),
        (error) => error instanceof BadInputError && message.test(error.message),
      );
    });
  }

  test("the oracle needs foresight", () => {
    assert.throws(
      () => policyByName("oracle"),
      /^BadInputError: policy 'oracle': the future is only known in a simulation/,
    );
  });

  test("every usage begins with a name that is known", () => {
    for (const usage of POLICY_USAGES) {
      const name = usage === "fixed:N" ? "fixed:1" : usage.split("[")[0]!;
      assert.doesNotThrow(() => policyByName(name, context));
    }
  });
});

const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 4 });
const amount = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 300, noNaN: true }));
const windows = fc.array(
  fc.record({
    arrivals: fc.nat({ max: 2000 }),
    completedOk: orNull(fc.nat({ max: 2000 })),
    throughputRps: orNull(amount),
    executionSecondsMean: orNull(amount),
    inFlightMean: orNull(amount),
    inFlightMax: orNull(amount),
    cpuRatio: orNull(fc.double({ min: 0, max: 2, noNaN: true })),
    desiredReplicas: fc.nat({ max: 24 }),
    availableReplicas: fc.nat({ max: 24 }),
  }),
  { minLength: 1, maxLength: 20 },
);

describe("every policy, whatever it is shown", () => {
  for (const name of NAMES) {
    test(`${name}: a finite count, and the same again for the same windows`, () => {
      const make = policyByName(name, context);
      fc.assert(
        fc.property(windows, (history) => {
          const answers = () => {
            const policy = make();
            return history.map((changes, i) => answerTo(policy, aWindow(i + 1, changes)));
          };
          const first = answers();
          for (const { proposedReplicas, because } of first) {
            assert.ok(Number.isInteger(proposedReplicas) && proposedReplicas >= 0, because);
            assert.doesNotMatch(because, /NaN|Infinity|undefined|null/);
          }
          assert.deepEqual(answers(), first);
        }),
        { numRuns: 60, seed: 11 },
      );
    });
  }

  for (const name of NAMES.filter((name) => !/^(fixed|random|oracle)/.test(name))) {
    test(`${name}: nothing measured but arrivals and counts: hold`, () => {
      const policy = policyByName(name, context)();
      const blind = aWindow(1, {
        completedOk: null,
        completedError: null,
        throughputRps: null,
        executionSecondsMean: null,
        inFlightMean: null,
        inFlightMax: null,
        cpuRatio: null,
        desiredReplicas: 4,
        availableReplicas: 2,
      });
      const { proposedReplicas, because } = answerTo(policy, blind);
      assert.equal(proposedReplicas, 4);
      assert.match(because, /not measured: hold/);
    });
  }
});
