/** What the pages say of adding something, done in a copy of the tree: one file, one line in a list, and it works everywhere. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { ADDITIONS } from "./additions.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const COPIED = ["functions", "services", "shared", "package.json", "package-lock.json", "tsconfig.json"];

describe("adding", () => {
  let copy: string;
  const node = async (...words: string[]) => (await run(process.execPath, words, { cwd: copy })).stdout;
  const replicant = (...words: string[]) => node("dist/services/cli/main.cjs", ...words);

  before(async () => {
    copy = await mkdtemp(join(tmpdir(), "replicant-adding-"));
    for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
    await cp(join(ROOT, "test/adding/train-small.ts"), join(copy, "shared/training/train-small.ts"));
    for (const { file, text, list, line, after: before } of ADDITIONS) {
      await writeFile(join(copy, file), text);
      const lines = (await readFile(join(copy, list), "utf8")).split("\n");
      const at = lines.findIndex((one) => one.endsWith(before));
      assert.ok(at >= 0, `${list} has no line that ends with ${before}`);
      await writeFile(join(copy, list), lines.toSpliced(at + 1, 0, line).join("\n"));
    }
    await writeFile(
      join(copy, "load.json"),
      JSON.stringify(Array.from({ length: 60 }, (_, i) => (i % 20 < 10 ? 30 : 90))),
    );
    await node("shared/build/bundle.mjs");
  });
  after(() => rm(copy, { recursive: true, force: true }));

  test("types hold: nothing else has to know of them", async () => {
    const tsc = join(ROOT, "node_modules/typescript/lib/tsc.js");
    await assert.doesNotReject(node(tsc, "--noEmit", "--project", copy));
  });

  test("an agent learns with the objective, the layout and the nine actions, and its checkpoint decides in the simulator", async () => {
    const trained = JSON.parse(
      await node("--import", "tsx", "shared/training/train-small.ts", join(copy, "model")),
    ) as {
      network: { observationSize: number; actions: number };
      returns: number[];
    };
    assert.deepEqual([trained.network.observationSize, trained.network.actions], [3, 9]);
    assert.ok(trained.returns.every(Number.isFinite));
    const { windows } = JSON.parse(
      await replicant("simulate", "--trace", "load.json", "--policy", join(copy, "model"), "--json"),
    ) as { windows: { reason: string }[] };
    assert.ok(windows.some(({ reason }) => /learned: by -?\d/.test(reason)));
  });

  test("the rule is listed, simulated, tuned and compared", async () => {
    const { totals } = JSON.parse(
      await replicant("simulate", "--trace", "load.json", "--policy", "per-request:requests=20", "--json"),
    ) as { totals: { calls: number } };
    assert.ok(totals.calls > 0);
    const unknown = await replicant("simulate", "--trace", "load.json", "--policy", "nothing").catch(
      (thrown: { stderr: string }) => thrown.stderr,
    );
    assert.match(unknown, /per-request\[:requests=30\]/);
    const tuned = await replicant(
      "tune",
      "--policy",
      "per-request",
      "--traces",
      "load.json",
      "--budget",
      "4",
      "--json",
    );
    assert.match(tuned, /per-request:requests=\d/);
    const compared = `import { TUNED } from "./shared/evaluation/agents/contenders.ts"; console.log(TUNED.join());`;
    await writeFile(join(copy, "compared.ts"), compared);
    assert.match(await node("--import", "tsx", "compared.ts"), /per-request/);
  });

  test("the scale target is chosen by its name, and one that does not exist is refused by name", async () => {
    const script = `
      import { platformOf } from "./services/scaler/targets/targets.ts";
      const settings = (SCALE_TARGET) => ({ settings: { SCALE_TARGET }, log: { info() {} } });
      const { target } = await platformOf(settings("notebook"));
      const { appliedReplicas } = await target.scale("stress", "openfaas-fn", 7);
      const refused = await platformOf(settings("toString")).catch(({ message }) => message);
      console.log(JSON.stringify({ appliedReplicas, ...(await target.read("stress", "openfaas-fn")), refused }));
    `;
    await writeFile(join(copy, "target.mjs"), script);
    const { refused, ...counts } = JSON.parse(await node("--import", "tsx", "target.mjs")) as Record<string, unknown>;
    assert.deepEqual(counts, { appliedReplicas: 7, desiredReplicas: 7, availableReplicas: 1 });
    assert.match(String(refused), /SCALE_TARGET must be one of kubernetes, notebook, openfaas, was: 'toString'/);
  });

  test("the command runs, and is in the help", async () => {
    assert.equal(await replicant("greet", "--name", "you"), "hello, you\n");
    assert.match(await replicant("--help"), /greet \[options\]\s+say hello/);
  });
});
