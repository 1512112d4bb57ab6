/** A real disk that is full or read-only: one sentence, nothing half-made, and all goes on by itself when there is space again. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { noteRunning, readRunning } from "#shared/live/find-platform.ts";
import { readOrMakePassword } from "#services/local-openfaas/gateway/password.ts";
import { lockHome } from "#services/local-openfaas/provider/home-lock.ts";
import { LogFile } from "#services/local-openfaas/provider/logs/log-file.ts";
import { eventually } from "#test/support/eventually.ts";
import { smallDisk, type SmallDisk } from "#test/support/faults/small-disk.ts";
import { startTestPlatform } from "#test/support/platform.ts";
import { record } from "#test/support/faults/figures.ts";

const HELLO = `module.exports = async (event, context) => context.succeed("hello " + (process.env.word ?? ""))`;

const REFUSALS = [
  { how: "full", spoil: (disk: SmallDisk) => disk.fill(), because: "the disk is full", removes: true },
  {
    how: "read-only",
    spoil: (disk: SmallDisk) => disk.readOnly(),
    because: "the file system is read-only",
    removes: false,
  },
];

/** 507 and one sentence. */
async function refused(response: Response, sentence: string): Promise<void> {
  assert.equal(await response.text(), `${sentence}\n`);
  assert.equal(response.status, 507);
}

/** A fault that was really brought about, and what had been acknowledged is there. */
const held = () => record(import.meta.filename, { tried: 1, held: 1, acknowledgedLost: 0 });

async function platformOn(t: TestContext, disk: SmallDisk) {
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (line: string) => void warnings.push(line) };
  const setup = await startTestPlatform(t, { home: join(disk.folder, "home"), log });
  return { ...setup, warnings };
}

for (const { how, spoil, because, removes } of REFUSALS) {
  test(`disk ${how}: secrets are refused with one sentence and stay as they are`, async (t) => {
    const disk = await smallDisk(t);
    if (!disk) return;
    const { platform, home, system } = await platformOn(t, disk);
    const names = async () =>
      ((await (await system("GET", "secrets")).json()) as { name: string }[]).map(({ name }) => name);
    const valueOf = (name: string) => readFile(join(home, "secrets", name), "utf8");
    for (const name of ["kept", "leaving"]) {
      assert.equal((await system("POST", "secrets", { name, value: "before" })).status, 201);
    }
    await spoil(disk);
    await refused(
      await system("POST", "secrets", { name: "new", value: "v" }),
      `secret 'new' could not be stored: ${because}`,
    );
    await refused(
      await system("PUT", "secrets", { name: "kept", value: "after" }),
      `secret 'kept' could not be replaced: ${because}`,
    );
    const removal = await system("DELETE", "secrets", { name: "leaving" });
    if (removes) assert.equal(removal.status, 200, "removing makes space");
    else await refused(removal, `secret 'leaving' could not be removed: ${because}`);
    assert.deepEqual(await names(), removes ? ["kept"] : ["kept", "leaving"]);
    assert.equal(await valueOf("kept"), "before");

    await disk.relieve();
    assert.equal((await system("POST", "secrets", { name: "new", value: "v" })).status, 201);
    assert.equal((await system("PUT", "secrets", { name: "kept", value: "after" })).status, 200);
    assert.deepEqual([await valueOf("new"), await valueOf("kept")], ["v", "after"]);
    assert.equal((await stat(join(home, "secrets", "new"))).mode & 0o777, 0o600);
    const left = (await readdir(join(home, "secrets"))).filter((name) => name.startsWith("."));
    assert.deepEqual(left, [], "no leftovers");
    await platform.close();
    held();
  });

  test(`disk ${how}: functions are deployed, updated and removed wholly or not at all; counts are set all the same`, async (t) => {
    const disk = await smallDisk(t);
    if (!disk) return;
    const { platform, home, image, deploy, system, warnings } = await platformOn(t, disk);
    await deploy("kept", HELLO, { envVars: { word: "before" } });
    await deploy("leaving", HELLO);
    const newImage = await image("new", HELLO);
    const status = async (name: string) => (await system("GET", `function/${name}`)).status;
    const say = async () => (await fetch(`${platform.url}/function/kept`)).text();
    const update = { service: "kept", image: "example/kept:1", envVars: { word: "after" } };

    await spoil(disk);
    await refused(
      await system("POST", "functions", { service: "new", image: newImage }),
      `function 'new' could not be stored: ${because}`,
    );
    assert.equal(await status("new"), 404, "not in memory alone");
    await refused(await system("PUT", "functions", update), `function 'kept' could not be stored: ${because}`);
    assert.equal(await say(), "hello before");
    const removal = await system("DELETE", "functions", { functionName: "leaving" });
    if (removes) assert.equal(removal.status, 202);
    else await refused(removal, `function 'leaving' could not be removed: ${because}`);
    assert.equal(await status("leaving"), removes ? 404 : 200);
    await spoil(disk); // the removal made space
    assert.equal((await system("POST", "scale-function/kept", { serviceName: "kept", replicas: 0 })).status, 202);
    await eventually(
      () => warnings.some((line) => line.includes(`count of 'kept' could not be saved: function 'kept'`)),
      { what: "a warning" },
    );

    await disk.relieve();
    const stored = async () =>
      JSON.parse(await readFile(join(home, "functions", "kept.json"), "utf8")) as { desiredReplicas: number };
    await eventually(async () => (await stored()).desiredReplicas === 0, { what: "the count on the disk, by itself" });
    assert.equal((await system("PUT", "functions", update)).status, 202);
    await eventually(async () => (await say()) === "hello after", { what: "the update", timeoutMs: 30_000 });
    assert.equal((await system("POST", "functions", { service: "new", image: newImage })).status, 202);
    if (!removes) assert.equal((await system("DELETE", "functions", { functionName: "leaving" })).status, 202);
    assert.deepEqual((await readdir(join(home, "functions"))).sort(), ["kept.json", "new.json"]);
    await platform.close();
    held();
  });

  test(`disk ${how}: a log keeps whole lines, says what is missing, and goes on`, async (t) => {
    const disk = await smallDisk(t);
    if (!disk) return;
    const path = join(disk.folder, "logs", "app.ndjson");
    const errors: unknown[] = [];
    const file = new LogFile(path, (thrown) => errors.push(thrown), { gap: (lines) => `${lines} missing` });
    file.append("before");
    await file.flush();
    await spoil(disk);
    const long = "x".repeat(100_000);
    for (let i = 0; i < 50; i++) file.append(`${i} ${long}`);
    await file.flush();
    await file.flush();
    assert.equal(errors.length, 1, "reported once");
    assert.equal(await readFile(path, "utf8"), "before\n", "no part of a line");
    await disk.relieve();
    await file.flush().catch(() => {});
    file.append("after");
    // 4 MB wait in memory; they do not fit here, so that what is proved is that nothing is cut.
    await file.flush();
    const text = await readFile(path, "utf8");
    assert.ok(text.endsWith("\n"));
    for (const line of text.split("\n").slice(0, -1)) assert.match(line, /^(before|after|\d+ x{100000}|\d+ missing)$/);
    held();
  });

  test(`disk ${how}: no home without a password, no half of one, and no half of a note`, async (t) => {
    const disk = await smallDisk(t);
    if (!disk) return;
    const home = join(disk.folder, "home");
    const running = { url: "http://a", platformUrl: "http://b", variables: {} };
    await nodeFiles.makeFolder(home, 0o700);
    await spoil(disk);
    await assert.rejects(readOrMakePassword(home), {
      name: "StorageError",
      message: `the password could not be stored: ${because}`,
    });
    await assert.rejects(noteRunning(home, running), { name: "StorageError" });
    await assert.rejects(lockHome(home), { message: `${home} could not be locked: ${because}` });
    assert.deepEqual(await readdir(home), []);
    await disk.relieve();
    assert.match(await readOrMakePassword(home), /^[\w-]{32}$/);
    const forget = await noteRunning(home, running);
    assert.deepEqual(readRunning(home), running);
    await forget();
    assert.ok(!existsSync(join(home, "running.json")));
    held();
  });
}
