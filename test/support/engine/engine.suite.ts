/** What an engine promises, held against the Float64 reference: the same tests for each. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DivergedError } from "#shared/rl/engine/diverged.ts";
import { weightShapes, type NetworkSpec, type Weights } from "#shared/rl/engine/network.ts";
import { ADAM_DEFAULTS, LOSS_DEFAULTS, type LossOptions, type Minibatch } from "#shared/rl/engine/types.ts";
import type { EngineUnderTest } from "./engines.ts";
import { referenceForward, referenceLoss } from "./reference.ts";
import { FEED_FORWARD, inDoubles, ODD, relativeL2, someMinibatch, someWeights } from "./samples.ts";

const PLUS: LossOptions = { ...LOSS_DEFAULTS, entropyCoefficient: 0.01 };
const CASES: readonly {
  readonly name: string;
  readonly spec: NetworkSpec;
  readonly minibatch: Minibatch;
  readonly options: LossOptions;
}[] = [
  {
    name: "LSTM, resets inside sequences",
    spec: ODD,
    minibatch: someMinibatch(ODD, { steps: 9, sequences: 6, seed: 1 }),
    options: PLUS,
  },
  {
    name: "LSTM, padding, forbidden actions",
    spec: ODD,
    minibatch: someMinibatch(ODD, { steps: 7, sequences: 19, seed: 2, masks: true, actionMasks: true }),
    options: PLUS,
  },
  {
    name: "LSTM, one sequence, every step a start",
    spec: ODD,
    minibatch: someMinibatch(ODD, { steps: 12, sequences: 1, seed: 3, startShare: 1 }),
    options: PLUS,
  },
  {
    name: "LSTM, advantages as they are, memory from zero",
    spec: { ...ODD, hidden: [8], lstm: 16 },
    minibatch: {
      ...someMinibatch({ ...ODD, hidden: [8], lstm: 16 }, { steps: 5, sequences: 8, seed: 4 }),
      initialState: null,
    },
    options: { ...PLUS, normaliseAdvantages: false },
  },
  {
    name: "plain network, single steps",
    spec: FEED_FORWARD,
    minibatch: someMinibatch(FEED_FORWARD, { steps: 1, sequences: 37, seed: 5 }),
    options: PLUS,
  },
];

export function engineSuite({ name: engineName, create }: EngineUnderTest): void {
  describe(`engine ${engineName}`, () => {
    for (const { name, spec, minibatch, options } of CASES) {
      test(`forward equals the Float64 reference: ${name}`, async () => {
        const weights = someWeights(spec, 11);
        const engine = await create(spec, weights);
        const { logits, values, state } = engine.forwardSequence(minibatch);
        const want = referenceForward(spec, inDoubles(weights), minibatch);
        assertClose("logits", logits, want.logits);
        assertClose("values", values, want.values);
        if (state === null) assert.equal(spec.lstm, null);
        else assertClose("h and c", [...state.h, ...state.c], [...want.h, ...want.c]);
        engine.close();
      });

      test(`loss and gradient of every map equal the Float64 reference: ${name}`, async () => {
        const weights = someWeights(spec, 12);
        const engine = await create(spec, weights);
        const report = engine.forwardBackward(minibatch, options);
        const want = referenceLoss(spec, inDoubles(weights), minibatch, options);
        for (const key of Object.keys(want.report) as (keyof typeof report)[])
          assert.ok(Math.abs(report[key] - want.report[key]) < 1e-5, `${key}: ${report[key]}, not ${want.report[key]}`);
        const gradients = byMap(spec, engine.getGradients());
        for (const [map, wanted] of byMap(spec, want.gradients())) assertClose(map, gradients.get(map)!, wanted);
        engine.close();
      });
    }

    test("a step at a time equals the whole sequence", async () => {
      const engine = await create(ODD, someWeights(ODD, 13));
      const sequences = someMinibatch(ODD, { steps: 10, sequences: 5, seed: 8 });
      const whole = engine.forwardSequence(sequences);
      let state = sequences.initialState;
      for (let t = 0; t < 10; t++) {
        const starts = sequences.episodeStarts.subarray(t * 5, (t + 1) * 5);
        const one = engine.step(sequences.observations.subarray(t * 35, (t + 1) * 35), state, starts);
        assertClose(`logits ${t}`, one.logits, whole.logits.subarray(t * 25, (t + 1) * 25), 1e-6);
        assertClose(`values ${t}`, one.values, whole.values.subarray(t * 5, (t + 1) * 5), 1e-6);
        state = one.state;
      }
      assertClose("state", state!.h, whole.state!.h, 1e-6);
      engine.close();
    });

    test("an episode start forgets: the rest does not depend on what was before", async () => {
      const engine = await create(ODD, someWeights(ODD, 14));
      const observations = someMinibatch(ODD, { steps: 1, sequences: 1, seed: 9 }).observations;
      const memory = someMinibatch(ODD, { steps: 1, sequences: 1, seed: 10 }).initialState;
      const fresh = engine.step(observations, null);
      assert.deepEqual(engine.step(observations, memory, Uint8Array.of(1)), fresh);
      assert.notDeepEqual(engine.step(observations, memory).logits, fresh.logits);
      engine.close();
    });

    test("rows that do not count leave no trace, whatever stands in them", async () => {
      const { minibatch, options, spec } = CASES[1]!;
      const spoilt = {
        ...minibatch,
        oldLogProbs: minibatch.oldLogProbs.map((value, row) => (minibatch.masks![row] === 1 ? value : -1e6)),
        advantages: minibatch.advantages.map((value, row) => (minibatch.masks![row] === 1 ? value : 1e6)),
        returns: minibatch.returns.map((value, row) => (minibatch.masks![row] === 1 ? value : -1e6)),
      };
      const engine = await create(spec, someWeights(spec, 15));
      const clean = engine.forwardBackward(minibatch, options);
      const gradients = engine.getGradients();
      engine.setWeights(engine.getWeights());
      assert.deepEqual(engine.forwardBackward(spoilt, options), clean);
      assert.deepEqual(engine.getGradients(), gradients);
      engine.close();
    });

    test("gradients gather until Adam takes them", async () => {
      const { minibatch, options, spec } = CASES[0]!;
      const engine = await create(spec, someWeights(spec, 16));
      engine.forwardBackward(minibatch, options);
      const once = engine.getGradients();
      engine.forwardBackward(minibatch, options);
      assertClose(
        "twice",
        flat(engine.getGradients()),
        flat(once).map((g) => 2 * g),
      );
      engine.adam(ADAM_DEFAULTS);
      assert.ok(flat(engine.getGradients()).every((g) => g === 0));
      assert.throws(() => engine.adam(ADAM_DEFAULTS), /needs a gradient/);
      engine.close();
    });

    test("Adam steps as the paper says, with the norm clipped", async () => {
      const { minibatch, options, spec } = CASES[0]!;
      const engine = await create(spec, someWeights(spec, 17));
      let expected = inDoubles(engine.getWeights());
      let m = expected.map((tensor) => tensor.map(() => 0));
      let v = m;
      for (let step = 1; step <= 3; step++) {
        engine.forwardBackward(minibatch, options);
        const gradients = inDoubles(engine.getGradients());
        const norm = Math.hypot(...flat(gradients));
        const { gradientNorm } = engine.adam({ ...ADAM_DEFAULTS, learningRate: 0.01, maxGradNorm: 0.1 });
        assert.ok(Math.abs(gradientNorm - norm) < 1e-5 * norm && norm > 0.1, `norm ${gradientNorm}, not ${norm}`);
        const clipped = gradients.map((tensor) => tensor.map((g) => (g * 0.1) / norm));
        m = m.map((tensor, i) => tensor.map((old, at) => 0.9 * old + 0.1 * clipped[i]![at]!));
        v = v.map((tensor, i) => tensor.map((old, at) => 0.999 * old + 0.001 * clipped[i]![at]! ** 2));
        expected = expected.map((tensor, i) =>
          tensor.map((weight, at) => {
            const root = Math.sqrt(v[i]![at]! / (1 - 0.999 ** step)) + ADAM_DEFAULTS.epsilon;
            return weight - (0.01 * (m[i]![at]! / (1 - 0.9 ** step))) / root;
          }),
        );
      }
      assertClose("weights", flat(engine.getWeights()), flat(expected), 1e-6);
      assert.equal(engine.getOptimiser().step, 3);
      engine.close();
    });

    test("weights and moments taken out and put back go on to the same bytes", async () => {
      const { minibatch, options, spec } = CASES[1]!;
      const [first, second] = [await create(spec, someWeights(spec, 18)), await create(spec, someWeights(spec, 19))];
      const update = (engine: typeof first) => {
        engine.forwardBackward(minibatch, options);
        engine.adam(ADAM_DEFAULTS);
      };
      update(first);
      update(first);
      second.setWeights(first.getWeights());
      second.setOptimiser(first.getOptimiser());
      update(first);
      update(second);
      assert.deepEqual(second.getWeights(), first.getWeights());
      assert.deepEqual(second.getOptimiser(), first.getOptimiser());
      [first, second].forEach((engine) => engine.close());
    });

    test("what comes out is a copy, what went in may be changed afterwards", async () => {
      const engine = await create(
        ODD,
        someWeights(ODD, 20).map((tensor) => tensor),
      );
      const weights = engine.getWeights();
      weights[0]!.fill(7);
      assert.notDeepEqual(engine.getWeights()[0], weights[0]);
      const observations = someMinibatch(ODD, { steps: 1, sequences: 2, seed: 1 }).observations;
      const first = engine.step(observations, null);
      const kept = structuredClone(first);
      engine.step(
        observations.map((x) => -x),
        first.state,
      );
      assert.deepEqual(first, kept);
      const given = someWeights(ODD, 21);
      engine.setWeights(given);
      given[0]!.fill(7);
      assert.deepEqual(engine.getWeights(), someWeights(ODD, 21));
      engine.close();
    });

    test("a gradient that is not finite changes no weight", async () => {
      const { minibatch, options, spec } = CASES[0]!;
      const engine = await create(spec, someWeights(spec, 24));
      const returns = minibatch.returns.map(() => 3e38);
      engine.forwardBackward({ ...minibatch, returns }, { ...options, valueCoefficient: 1e6 });
      assert.throws(() => engine.adam(ADAM_DEFAULTS), DivergedError);
      assert.deepEqual(engine.getWeights(), someWeights(spec, 24));
      assert.equal(engine.getOptimiser().step, 0);
      engine.forwardBackward(minibatch, options);
      assert.ok(Number.isFinite(engine.adam(ADAM_DEFAULTS).gradientNorm));
      engine.close();
    });

    test("a closed engine says so", async () => {
      const engine = await create(ODD, someWeights(ODD, 25));
      engine.close();
      engine.close();
      assert.throws(() => engine.step(new Float32Array(7), null), /engine is closed/);
    });
  });
}

function flat(tensors: readonly (Float32Array | Float64Array)[]): number[] {
  return tensors.flatMap((tensor) => [...tensor]);
}

/** Kernel and bias of a map together: a bias alone may be one number, a sum that cancels. */
function byMap(spec: NetworkSpec, tensors: Weights | readonly Float64Array[]): Map<string, number[]> {
  const maps = new Map<string, number[]>();
  weightShapes(spec).forEach(({ name }, i) => {
    const map = name === "lstm/recurrent_kernel" ? name : name.split("/")[0]!;
    maps.set(map, [...(maps.get(map) ?? []), ...tensors[i]!]);
  });
  return maps;
}

function assertClose(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-6): void {
  assert.equal(got.length, want.length, what);
  const error = relativeL2(got, want);
  assert.ok(error <= tolerance, `${what}: relative error ${error}`);
}
