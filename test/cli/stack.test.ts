import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { lingerMs } from "#shared/host/leaving.ts";
import { readManagedFunction } from "#shared/core/managed-function.ts";
import { parseDurationMs } from "../../services/local-openfaas/provider/durations.ts";
import { parseStack, readStack, substitute } from "../../services/cli/stack.ts";

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

  test("every function tells the watchdog to stop passing calls on when its process stops taking them", () => {
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

  test("the project's own annotations can be read", () => {
    const stress = readStack("stack.yml", {})[0]!;
    const { managed, problems } = readManagedFunction(stress);
    assert.deepEqual(problems, []);
    assert.equal(managed?.maxReplicas, 12);
    assert.equal(managed?.policy, "openfaas-pro");
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
