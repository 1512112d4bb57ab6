/** Secrets, deployments, password and function logs: each fault at each operation, then a new start on what is left. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files } from "#shared/adapters/files/files.ts";
import { readOrMakePassword } from "#services/local-openfaas/gateway/password.ts";
import { createDeploymentStore } from "#services/local-openfaas/provider/deployment-store.ts";
import { tidyHome } from "#services/local-openfaas/provider/leftovers.ts";
import { LogFile } from "#services/local-openfaas/provider/logs/log-file.ts";
import { createSecretStore } from "#services/local-openfaas/provider/secrets.ts";
import { everyFault, isKill } from "#test/support/faults/every-fault.ts";
import { record } from "#test/support/faults/figures.ts";

const textOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : Buffer.from(bytes).toString());

/** The store's `false` is no error, and no promise. */
const sure = async (done: Promise<boolean>) => {
  if (!(await done)) throw new Error("not done");
};

test("secrets: what was acknowledged is there, a refused one can be created again, nothing else is listed", async () => {
  const names = ["a", "b", "x.tmp"];
  const tried = await everyFault({
    async act(files, ledger) {
      const secrets = createSecretStore("/home", files);
      for (const name of names) await ledger.attempt(name, "1", () => sure(secrets.create(name, "1")));
      await ledger.attempt("a", "2", () => sure(secrets.update("a", "2")));
      await ledger.attempt("b", null, () => secrets.remove("b"));
      await ledger.attempt("b", "3", () => sure(secrets.create("b", "3")));
    },
    async check(files, ledger, when) {
      await tidyHome("/home", files);
      const secrets = createSecretStore("/home", files);
      const there = await secrets.list();
      for (const name of names) {
        const found = textOf(await secrets.get(name));
        ledger.check(name, found, when);
        assert.equal(there.includes(name), found !== null, `${when}: listed`);
        assert.notEqual(found, "", `${when}: an empty secret`);
      }
      assert.ok(
        there.every((name) => [...names, "after"].includes(name)),
        `${when}: ${there.join(" ")}`,
      );
      if (!there.includes("after")) await sure(secrets.create("after", "the fault"));
    },
  });
  assert.ok(tried > 200, `${tried} faults`);
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
});

test("deployments: a function is there as it was acknowledged last, and no file is half of one", async () => {
  const aFunction = (service: string, image: string, desiredReplicas = 1) => ({
    deployment: { service, image },
    createdAtMs: 1,
    desiredReplicas,
  });
  const tried = await everyFault({
    async act(files, ledger) {
      const store = createDeploymentStore("/home", files);
      await ledger.attempt("a", "one × 1", () => store.put(aFunction("a", "one")));
      await ledger.attempt("b", "one × 1", () => store.put(aFunction("b", "one")));
      await ledger.attempt("a", "two × 1", () => store.put(aFunction("a", "two")));
      await ledger.attempt("b", null, () => store.remove("b"));
    },
    async check(files, ledger, when) {
      await tidyHome("/home", files);
      const store = createDeploymentStore("/home", files);
      const loaded = await store.load((problem) => assert.fail(`${when}: ${problem}`));
      for (const name of ["a", "b"]) {
        const found = loaded.find(({ deployment }) => deployment.service === name);
        ledger.check(name, found ? `${found.deployment.image} × ${found.desiredReplicas}` : null, when);
      }
      await store.put(aFunction("after", "one"));
    },
  });
  assert.ok(tried > 100, `${tried} faults`);
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
});

test("deployments: a count is written beside the deployment that is on the disk, whatever is under way", async () => {
  const tried = await everyFault({
    async act(files, ledger) {
      const store = createDeploymentStore("/home", files);
      let desired = 1;
      await ledger.attempt("image", "one", () =>
        store.put({ deployment: { service: "a", image: "one" }, createdAtMs: 1, desiredReplicas: 1 }),
      );
      const counts = [4, 7].map((count) => {
        desired = count;
        return store.saveCount("a", () => desired);
      });
      await ledger.attempt("image", "two", async () => {
        const saved = await Promise.allSettled([
          store.put({ deployment: { service: "a", image: "two" }, createdAtMs: 1, desiredReplicas: 7 }),
          ...counts,
        ]);
        const failed = saved.find((one) => one.status === "rejected" && isKill(one.reason)) ?? saved[0]!;
        if (failed.status === "rejected") throw failed.reason;
      });
    },
    async check(files, ledger, when) {
      await tidyHome("/home", files);
      const [found] = await createDeploymentStore("/home", files).load((problem) => assert.fail(`${when}: ${problem}`));
      ledger.check("image", found?.deployment.image ?? null, when);
      if (found) assert.ok([1, 7].includes(found.desiredReplicas), `${when}: ${found.desiredReplicas}`);
    },
  });
  assert.ok(tried > 50, `${tried} faults`);
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
});

test("password: one that was answered is the one that is found; there is never an empty file", async () => {
  let answered: string | null = null;
  const tried = await everyFault({
    async act(files) {
      answered = null;
      try {
        answered = await onlyFiles(files);
      } catch (thrown) {
        if (isKill(thrown)) throw thrown;
      }
    },
    async check(files, _, when) {
      const found = await onlyFiles(files);
      assert.match(found, /^[\w-]{32}$/, when);
      if (answered !== null) assert.equal(found, answered, when);
    },
  });
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
  /** Its modes are this machine's affair, and there is no such home here. */
  async function onlyFiles(files: Files): Promise<string> {
    return readOrMakePassword("/home", files, async () => {});
  }
});

test("function logs: whole lines in order, whatever the disk does", async () => {
  const tried = await everyFault({
    async act(files) {
      const log = new LogFile("/home/logs/a.ndjson", () => {}, { files, maxBytes: 8 });
      for (const line of ["one", "two", "three", "four"]) {
        log.append(line);
        await log.flush();
      }
    },
    async check(files, _, when) {
      const read = async (path: string) => textOf(await files.read(path)) ?? "";
      const text = (await read("/home/logs/a.ndjson.1")) + (await read("/home/logs/a.ndjson"));
      // The last may be cut by a death, or by a power cut, as nobody was promised it.
      const lines = text.split("\n").slice(0, -1);
      const all = ["one", "two", "three", "four"];
      if (!when.includes("power cut"))
        assert.deepEqual(
          lines,
          all.filter((line) => lines.includes(line)),
          when,
        );
    },
  });
  record(import.meta.filename, { tried, held: tried });
});
