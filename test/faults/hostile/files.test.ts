/** Files that somebody else made: checkpoints, traces and stack.yml, bent and mangled. Each is read whole or refused with one sentence. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";

import fc from "fast-check";

import { BadInputError } from "#shared/core/errors.ts";
import { TRACE_FORMATS, traceInvocations, traceSeconds } from "#shared/traces/trace.ts";
import { packed, unpacked } from "#shared/adapters/model-registry/archive.ts";
import { parseTrace } from "#shared/traces/formats/parse-trace.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import type { CheckpointFiles } from "#shared/rl/checkpoint/types.ts";
import { record } from "#test/support/faults/figures.ts";
import { checkpointFiles } from "#test/support/a-checkpoint.ts";
import { assertUnpolluted, bent, hostileValue, isSentence, jsonText, mangled } from "#test/support/hostile.ts";
import { parseStack } from "#shared/deploy/stack.ts";

const RUNS = 1_500;
const bounds = { seed: 10, numRuns: RUNS, endOnFailure: true, includeErrorInReport: true };
let tried = 0;
let refused = 0;

/** Reads, or refuses in words. */
function readOrRefuse<T>(read: () => T, check: (value: T) => void): void {
  tried++;
  try {
    check(read());
  } catch (thrown) {
    assert.ok(thrown instanceof BadInputError, thrown instanceof Error ? thrown.stack : String(thrown));
    assert.ok(isSentence(thrown.message), thrown.message.slice(0, 300));
    refused++;
  }
  assertUnpolluted();
}

describe("a checkpoint", () => {
  const good = checkpointFiles();
  const json = (name: string) => JSON.parse(Buffer.from(good[name]!).toString("utf8")) as unknown;
  const check = (files: CheckpointFiles) => () => {
    const { weights } = decodeCheckpoint(files);
    for (const tensor of weights) for (const weight of tensor) assert.ok(Number.isFinite(weight));
  };

  test("whose JSON was bent", () => {
    const part = fc
      .constantFrom("training.json", "model.json")
      .chain((name) =>
        fc
          .oneof(
            { weight: 4, arbitrary: bent(json(name)).map(jsonText) },
            { weight: 1, arbitrary: mangled(jsonText(json(name))) },
          )
          .map((text) => ({ ...good, [name]: Buffer.from(text) })),
      );
    fc.assert(
      fc.property(part, (files) => readOrRefuse(check(files), () => {})),
      bounds,
    );
  });

  test("whose bytes were changed, cut or added to", () => {
    const change = fc.record({
      name: fc.constantFrom("weights.bin", "optimizer.bin", "training.json"),
      at: fc.nat(),
      bytes: fc.uint8Array({ maxLength: 12 }),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(change, ({ name, at, bytes, cut }) => {
        const before = Buffer.from(good[name] ?? new Uint8Array());
        const place = before.length === 0 ? 0 : at % before.length;
        const after = cut
          ? Buffer.concat([before.subarray(0, place), bytes])
          : Buffer.concat([before.subarray(0, place), bytes, before.subarray(place + bytes.length)]);
        readOrRefuse(check({ ...good, [name]: after }), () => {});
      }),
      bounds,
    );
  });

  test("of which files are missing or too many", () => {
    const names = fc.subarray(["training.json", "model.json", "weights.bin", "__proto__", "constructor", "toString"]);
    fc.assert(
      fc.property(names, (kept) => {
        const files = Object.fromEntries(kept.map((name) => [name, good[name] ?? new Uint8Array(4)]));
        readOrRefuse(check(files), () => {});
      }),
      { ...bounds, numRuns: 100 },
    );
  });

  test("as an archive that was mangled", () => {
    const archive = Buffer.from(packed(good));
    const header = archive.subarray(0, archive.indexOf("\n")).toString();
    const rest = archive.subarray(archive.indexOf("\n"));
    const headers = fc.oneof(
      mangled(header),
      bent(JSON.parse(header)).map(jsonText),
      fc.array(fc.record({ name: fc.string(), bytes: hostileValue() }), { maxLength: 5 }).map(jsonText),
    );
    fc.assert(
      fc.property(headers, (text) => {
        const bytes = Buffer.concat([Buffer.from(text), rest]);
        readOrRefuse(
          () => unpacked("bucket: it", bytes),
          (files) => {
            const sum = Object.values(files).reduce((total, file) => total + file.length, 0);
            assert.ok(sum <= bytes.length);
          },
        );
      }),
      bounds,
    );
  });
});

describe("a trace", () => {
  const SAMPLES: readonly (readonly [file: string, selection: string | null])[] = [
    ["seed_request_count_raw_30s.json", null],
    ["azure2019_d01_http_per_minute.csv", null],
    ["azure2019_servibench_patterns_per_minute.csv", "steady_20rps"],
    ["azure2019_faasrail_mix_15rps_5min.csv", null],
    ["azure2021_first199_invocations.csv", null],
    ["azure_llm2023_conv_requests.csv", null],
  ];
  for (const [file, selection] of SAMPLES) {
    test(`like ${file}`, () => {
      // Its beginning: a mistake there is one everywhere, and a whole day would only take longer.
      const text = readFileSync(`traces/${file}`, "utf8");
      const beginning = file.endsWith(".json")
        ? jsonText((JSON.parse(text) as unknown[]).slice?.(0, 60) ?? JSON.parse(text))
        : text.slice(0, 6_000);
      const inputs = fc.record({
        text: fc.oneof(mangled(beginning), fc.string({ unit: "binary", maxLength: 60 })),
        selection: fc.oneof(
          fc.constant(selection),
          fc.constantFrom("boosted", "row=1", "row=-1", "__proto__", "a+boosted", ""),
        ),
        format: fc.oneof(fc.constant(undefined), fc.constantFrom(...TRACE_FORMATS)),
      });
      fc.assert(
        fc.property(inputs, (input) =>
          readOrRefuse(
            () => parseTrace(file, input.text, input.selection, { format: input.format }),
            (trace) => {
              assert.ok(traceSeconds(trace) >= 0 && Number.isFinite(traceSeconds(trace)));
              assert.ok(traceInvocations(trace) >= 0 && Number.isFinite(traceInvocations(trace)));
            },
          ),
        ),
        { ...bounds, numRuns: RUNS / 3 },
      );
    });
  }

  test("of JSON that was bent", () => {
    fc.assert(
      fc.property(bent([1, 2, 3, 4]).map(jsonText), (text) =>
        readOrRefuse(
          () => parseTrace("t.json", text, null),
          (trace) => assert.ok(traceInvocations(trace) >= 0),
        ),
      ),
      bounds,
    );
  });
});

describe("stack.yml", () => {
  const stack = readFileSync("stack.yml", "utf8");
  const check = (text: string) => () => {
    for (const { name, handler, image, environment } of parseStack(text, "stack.yml", { REPLICANT_TAG: "t" })) {
      assert.match(name, /^[a-z0-9-]{1,63}$/);
      for (const value of [handler, image, ...Object.values(environment)]) assert.equal(typeof value, "string");
    }
  };

  test("that was mangled", () => {
    fc.assert(
      fc.property(mangled(stack), (text) => readOrRefuse(check(text), () => {})),
      { ...bounds, numRuns: 700 },
    );
  });

  test("that was bent", () => {
    const small = {
      version: 1,
      provider: { name: "openfaas", gateway: "g" },
      functions: {
        f: { lang: "node22", handler: "./f", image: "f", environment: { A: "1" }, secrets: ["s"], labels: {} },
      },
    };
    fc.assert(
      // JSON is YAML.
      fc.property(bent(small).map(jsonText), (text) => readOrRefuse(check(text), () => {})),
      bounds,
    );
  });

  test("that grows when its aliases are followed", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(",")}]`,
    );
    const bomb = [
      "a0: &a0 [x]",
      ...levels,
      "provider: { name: openfaas }",
      "functions: { f: { handler: h, image: *a12 } }",
    ].join("\n");
    readOrRefuse(check(bomb), () => assert.fail("taken"));
    assert.ok(refused > 0);
  });
});

after(() => {
  assert.ok(tried >= 10_000, `${tried} inputs`);
  assert.ok(refused >= tried / 4, `${refused} of ${tried} refused`);
  console.log(`hostile files: ${tried} tried, ${refused} refused, ${tried - refused} read`);
  record(import.meta.filename, { inputs: tried });
});
