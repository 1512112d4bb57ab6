/** Names with and without namespace, and the split of an invocation's URL. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "node:test";
import { bareName, invocationTarget, isFunctionName, qualifiedName } from "#services/local-openfaas/gateway/names.ts";

for (const { name, ok } of [
  { name: "echo", ok: true },
  { name: "a", ok: true },
  { name: "a-1", ok: true },
  { name: "x".repeat(63), ok: true },
  { name: "x".repeat(64), ok: false },
  { name: "", ok: false },
  { name: "Echo", ok: false },
  { name: "-a", ok: false },
  { name: "a-", ok: false },
  { name: "a.b", ok: false },
  { name: "a/b", ok: false },
  { name: "a\n", ok: false },
]) {
  test(`names: '${name}' ${ok ? "is" : "is not"} a function's name`, () => assert.equal(isFunctionName(name), ok));
}

test("names: the namespace is what follows the last dot, and there is one", () => {
  assert.equal(bareName("echo"), "echo");
  assert.equal(bareName("echo.openfaas-fn"), "echo");
  assert.equal(bareName("a.b.openfaas-fn"), "a.b");
  assert.throws(() => bareName("echo.default"), {
    status: 400,
    message: "namespace must be openfaas-fn, was: 'default'",
  });
  assert.equal(bareName("echo."), "echo");
});

test("names: whatever the function and path, the split gives them back", () => {
  const names = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
  const paths = fc.webPath().map((path) => (path.startsWith("/") ? path : `/${path}`));
  fc.assert(
    fc.property(names, paths, fc.webQueryParameters(), fc.boolean(), (name, path, query, qualified) => {
      const written = qualified ? qualifiedName(name) : name;
      const target = invocationTarget(`/function/${written}${path}?${query}`, "/function/".length);
      assert.deepEqual(target, { functionName: name, path: `${path}?${query}` });
    }),
  );
});
