import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { lingerMs } from "#shared/host/leaving.ts";
import { readManagedFunction } from "#shared/core/managed-function.ts";
import { HISTORY_WINDOWS } from "#shared/core/window.ts";
import { encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { SIGNED_BOUNDS } from "#functions/policy-inference/windows.ts";
import { parseStack, readStack, substitute } from "#shared/deploy/stack.ts";
import { MAX_TEXT_BYTES } from "#shared/live/load.ts";
import { parseDurationMs } from "#shared/deploy/durations.ts";
import { readResources } from "#shared/deploy/quantities.ts";
import { watchdogSettings } from "#shared/deploy/watchdog-settings.ts";
import { parseSize } from "#services/local-openfaas/runtime/body.ts";

/** Of a function with as long a name as there may be, every number with all its digits, and a whole history. */
function largestWindowBytes(): number {
  const names = { functionName: "f".repeat(63), namespace: "n".repeat(63), generation: "g".repeat(64) };
  const digits = 123_456.123_456_789_01;
  const window = aWindow({
    ...{ ...names, endedAtMs: 1_700_000_000_123, arrivals: digits, completedOk: digits, throughputRps: digits },
    ...{ completedError: { "4xx": digits, "429": digits, "5xx": digits, "504": digits } },
    ...{ latencySeconds: { p50: digits, p95: digits, p99: digits }, executionSecondsMean: digits },
    ...{ inFlightMean: digits, inFlightMax: digits, cpuRatio: digits, memoryRatio: digits, metricAgeSeconds: digits },
  });
  const data = { managed: aManaged(names), window, history: Array.from({ length: HISTORY_WINDOWS }, () => window) };
  const about = { source: "metrics-collector", subject: names.functionName, key: 1, nowMs: 1 };
  return encodeEvent(makeEvent("window", { ...about, data })).length;
}

describe("stack.yml", () => {
  for (const { name, text, variables, want } of [
    { name: "a variable that is set", text: "a ${X} b", variables: { X: "1" }, want: "a 1 b" },
    { name: "a default for what is unset", text: "${X:-d}", variables: {}, want: "d" },
    { name: "a default for what is empty", text: "${X:-d}", variables: { X: "" }, want: "d" },
    { name: "the other spelling of a default", text: "${X=d}", variables: {}, want: "d" },
    { name: "nothing for what is unset", text: "[${X}]", variables: {}, want: "[]" },
    { name: "a default with a colon in it", text: "${U:-http://a:1/}", variables: {}, want: "http://a:1/" },
    { name: "a lone dollar", text: "$5", variables: {}, want: "$5" },
  ]) {
    test(`substitutes ${name}`, () => assert.equal(substitute(text, variables), want));
  }

  test("every function configures the watchdog to stop passing calls on when its process stops taking them", () => {
    for (const { name, environment } of readStack("stack.yml", {})) {
      const told = environment["healthcheck_interval"];
      assert.ok(told, `${name}: unset, the watchdog goes on for write_timeout, longer than any of us`);
      assert.equal(lingerMs(environment), parseDurationMs(told, name), name);
    }
  });

  test("the project's own stack is read: every part is there and can be deployed", () => {
    const functions = readStack("stack.yml", {});
    assert.deepEqual(
      functions.map(({ name }) => name),
      ["stress", "load-generator", "policy-inference", "metrics-collector", "connector", "scaler", "trainer"],
    );
    for (const { name, labels, environment } of functions) {
      assert.equal(environment["RAW_BODY"], "true", `${name}: signatures are over the exact bytes`);
      if (name === "stress") continue;
      assert.equal(labels["com.openfaas.scale.max"], "1", `${name} holds its loop or memory in one replica`);
    }
  });

  test("a part that takes long bodies bounds how many at once, and its memory holds them; what is sent to it fits", () => {
    const long = readStack("stack.yml", {}).filter(({ environment }) => environment["MAX_RAW_SIZE"] !== undefined);
    assert.deepEqual(
      long.map(({ name }) => name),
      ["load-generator", "policy-inference"],
    );
    for (const { name, environment, limits, annotations } of long) {
      const bodyBytes = parseSize(environment["MAX_RAW_SIZE"]!, name);
      const { maxInflight } = watchdogSettings(environment);
      assert.ok(maxInflight >= 16 && maxInflight <= 32, `${name}: ${maxInflight} calls at once`);
      const { memoryLimitBytes } = readResources({}, limits);
      assert.ok(memoryLimitBytes! >= 4 * maxInflight * bodyBytes + 200 * 2 ** 20, `${name}: ${memoryLimitBytes}`);
      if (name === "load-generator") {
        assert.ok(MAX_TEXT_BYTES + 16 * 2 ** 10 <= bodyBytes);
        continue;
      }
      assert.equal(SIGNED_BOUNDS.maxBytes, bodyBytes);
      const batch = Number(annotations["replicant.batch"]);
      assert.ok(batch * largestWindowBytes() <= bodyBytes, `${batch} windows of ${largestWindowBytes()} bytes`);
    }
  });

  test("the project's own annotations can be read", () => {
    const stress = readStack("stack.yml", {})[0]!;
    const { managed, problems } = readManagedFunction(stress);
    assert.deepEqual(problems, []);
    assert.equal(managed?.maxReplicas, 12);
    assert.equal(managed?.policy, "forecast-mpc");
  });

  test("values become texts, as faas-cli sends them", () => {
    const [one] = parseStack(
      "provider: {name: openfaas}\nfunctions:\n  f:\n    handler: ./f\n    image: i/f\n    environment: {a: 1, b: true}\n    labels: {c: 2}",
      "s.yml",
      {},
    );
    assert.deepEqual(one!.environment, { a: "1", b: "true" });
    assert.deepEqual(one!.labels, { c: "2" });
  });

  for (const { name, text, says } of [
    {
      name: "another provider",
      text: "provider: {name: other}",
      says: "s.yml: provider.name must be 'openfaas', was: 'other'",
    },
    {
      name: "a name that is no DNS label",
      text: "provider: {name: openfaas}\nfunctions: {StressFunc: {handler: ./f, image: i}}",
      says: "s.yml: a function's name is lower-case letters, digits and '-', was: 'StressFunc'",
    },
    {
      name: "no handler",
      text: "provider: {name: openfaas}\nfunctions: {f: {image: i}}",
      says: "s.yml: functions.f.handler must be a text, was: ''",
    },
    {
      name: "a list of functions",
      text: "provider: {name: openfaas}\nfunctions: [f]",
      says: "s.yml: functions must be a map of names to values",
    },
  ]) {
    test(`refuses ${name}`, () =>
      assert.throws(() => parseStack(text, "s.yml", {}), { name: "BadInputError", message: says }));
  }

  test("refuses what is no YAML, and a file that is not there, naming the file", () => {
    assert.throws(() => parseStack("a: [", "s.yml", {}), { message: /^s\.yml: / });
    assert.throws(() => readStack("nowhere.yml", {}), { message: "cannot read the stack file 'nowhere.yml'" });
  });
});
