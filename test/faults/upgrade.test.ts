/** A state folder and events of the version before are taken over, and what this version writes can be read by that one. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { BUS_ACCOUNTS, secretNameOf } from "#shared/events/bus-logins.ts";
import { decodeEvent, encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { SUBJECTS } from "#shared/events/subjects.ts";
import type { Fact } from "#shared/core/transition.ts";
import { aProposal, anApplied } from "#test/support/a-decision.ts";
import { aManaged, aTick, aWindow } from "#test/support/a-window.ts";
import { recall, remember } from "#services/local-openfaas/bus/memory-of-home.ts";
import { createDeploymentStore } from "#services/local-openfaas/provider/deployment-store.ts";
import { tidyHome } from "#services/local-openfaas/provider/leftovers.ts";
import { createSecretStore } from "#services/local-openfaas/provider/secrets.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { openSegmentLog } from "#services/trainer/memory/segment-log.ts";
import { TrainerMemory } from "#services/trainer/memory/trainer-memory.ts";
import { recordEachTest } from "#test/support/faults/figures.ts";

recordEachTest(import.meta.filename);

/** What the version before does not write. */
function withoutNew<T extends { readonly generation: string; readonly late?: unknown }>(words: T) {
  const { generation: _generation, late: _late, ...before } = words;
  return before;
}

/** A function as the version before describes it. */
function oldManaged({ slo, startCostSeconds: _cost, ...rest }: ManagedFunction) {
  return { ...rest, sloP95Seconds: slo.seconds };
}

const TOKEN = "0123456789abcdef0123456789abcdef";
const STORED = {
  deployment: { service: "stress", image: "replicant/stress:latest", secrets: ["nats-token", "replicant-key"] },
  createdAtMs: 1_700_000_000_000,
  desiredReplicas: 3,
};
const OLD_LINES = [
  ...[1, 2].flatMap((seq) => [
    { kind: "window", managed: oldManaged(aManaged()), window: withoutNew(aWindow({ seq })) },
    { kind: "proposal", proposal: withoutNew(aProposal({ seq })) },
    { kind: "applied", applied: withoutNew(anApplied({ seq })) },
  ]),
  { kind: "learned", learned: { functionName: "stress", fromMs: 30_000, throughMs: 30_000, transitions: 1 } },
  { kind: "history", entry: { functionName: "stress", atMs: 30_000, action: "training", reason: "a test" } },
];

/** As the version before leaves its folder, killed in the middle of two writes and of a line. */
async function oldHome(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "replicant-upgrade-"));
  t.after(() => rm(home, { recursive: true }));
  const put = async (path: string, text: string) => {
    await mkdir(join(home, path, ".."), { recursive: true });
    await writeFile(join(home, path), text, { mode: 0o600 });
  };
  await put("functions/stress.json", `${JSON.stringify(STORED, null, 2)}\n`);
  await put("functions/stress.json.0011aabb.tmp", '{"deployment":');
  for (const [name, value] of Object.entries({ "nats-token": TOKEN, "replicant-key": "k", mine: "my own" }))
    await put(`secrets/${name}`, value);
  await put("bus/bus.json", `${JSON.stringify({ token: TOKEN, port: 42_220, pid: null, ownerPid: null })}\n`);
  await put("trainer/log-000001.ndjson", `${OLD_LINES.map((line) => JSON.stringify(line)).join("\n")}\n{"kind":"win`);
  return home;
}

test("upgrade: deployments, secrets and the bus's port are taken over, and what a death had left is removed", async (t) => {
  const home = await oldHome(t);
  await tidyHome(home);
  const loaded = await createDeploymentStore(home).load((problem) => assert.fail(problem));
  assert.deepEqual(loaded, [STORED]);
  assert.deepEqual(await nodeFiles.list(join(home, "functions")), ["stress.json"]);
  const secrets = createSecretStore(home);
  assert.deepEqual(await secrets.list(), ["mine", "nats-token", "replicant-key"]);
  assert.equal(Buffer.from((await secrets.get("mine"))!).toString(), "my own");
  assert.equal((await recall(join(home, "bus"))).port, 42_220);
});

test("upgrade: the token that all parts shared opens nothing any more: every user of the bus has a password of its own", async (t) => {
  const home = await oldHome(t);
  const { passwords } = await recall(join(home, "bus"));
  const values = BUS_ACCOUNTS.map((account) => passwords[account]);
  assert.ok(!values.includes(TOKEN));
  assert.equal(new Set(values).size, BUS_ACCOUNTS.length);
  assert.ok(
    !BUS_ACCOUNTS.map(secretNameOf).includes("nats-token"),
    "nothing overwrites a secret of the version before",
  );
});

test("upgrade: the trainer's log of the version before is learned from, and its cut line is cut away", async (t) => {
  const home = await oldHome(t);
  const folder = join(home, "trainer");
  const log = await openSegmentLog(nodeFiles, folder);
  const memory = new TrainerMemory(log);
  const { facts, damaged, strange, cut, implausible } = memory.logStatus;
  assert.deepEqual(
    { facts, damaged, strange, cut, implausible },
    { facts: 6, damaged: 0, strange: 0, cut: 1, implausible: 0 },
  );
  // Heard again, from the stream of before: nothing counts twice.
  const again = decodeEvent(
    "window",
    oldEvent("window", { managed: oldManaged(aManaged()), window: withoutNew(aWindow({ seq: 2 })), history: [] }),
  );
  await memory.take({ kind: "window", managed: again.data.managed, window: again.data.window });
  assert.equal(memory.logStatus.facts, 6);
  const next: Fact = { kind: "window", managed: aManaged(), window: aWindow({ seq: 3, generation: "g1" }) };
  await memory.take(next);
  await log.close();
  const text = await readFile(join(folder, "log-000001.ndjson"), "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  assert.deepEqual(lines, [...OLD_LINES, next], "what was there stays as it was");
});

function oldEvent(kind: keyof typeof SUBJECTS, data: object): Uint8Array {
  const envelope = { specversion: "1.0", id: `stress@30000/${kind}`, source: "a-part", subject: "stress" };
  const rest = { time: "2026-01-02T03:04:05.000Z", datacontenttype: "application/json", type: SUBJECTS[kind] };
  return Buffer.from(JSON.stringify({ ...envelope, ...rest, data }));
}

/** Data of each kind whose shape has grown. */
const DATA = {
  tick: { managed: aManaged(), tick: aTick({ generation: "g1" }) },
  window: {
    managed: aManaged(),
    window: aWindow({ seq: 2, generation: "g1" }),
    history: [aWindow({ generation: "g1" })],
  },
  proposal: { managed: aManaged(), proposal: aProposal({ generation: "g1" }), window: aWindow({ generation: "g1" }) },
  applied: anApplied({ generation: "g1", guardSinceMs: 1, previousId: null }),
};

/** Paths of all that is in it, down to single values. */
function pathsOf(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null) return [at];
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, `${at}.${key}`));
}
const NEW_KEYS = ["generation", "guardSinceMs", "previousId", "slo", "startCostSeconds", "late"];
const NEW_FIELDS = new RegExp(`\\.(${NEW_KEYS.join("|")})(\\.[a-z]+)?$`);

/** As the version before writes it: an SLO was a number of seconds. */
function asBefore(data: unknown): object {
  return JSON.parse(
    JSON.stringify(data, (key, value: unknown) => {
      if (key === "managed") return { ...oldManaged(value as ManagedFunction) };
      return NEW_KEYS.includes(key) ? undefined : value;
    }),
  ) as object;
}

for (const kind of ["tick", "window", "proposal", "applied"] as const) {
  /** As the version before wrote it. */
  const before = asBefore(DATA[kind]);

  test(`upgrade: an event '${kind}' of the version before is understood`, () => {
    const { data } = decodeEvent(kind, oldEvent(kind, before));
    const lacking = pathsOf(before).filter((path) => !pathsOf(data).includes(path));
    assert.deepEqual(
      lacking.filter((path) => path !== ".managed.sloP95Seconds"),
      [],
      "nothing of it is lost",
    );
    if ("managed" in data) assert.deepEqual(data.managed, aManaged(), "the SLO has its percentile");
    const more = pathsOf(data).filter((path) => !pathsOf(before).includes(path));
    assert.ok(
      more.every((path) => NEW_FIELDS.test(path)),
      more.join(" "),
    );
  });

  test(`going back: an event '${kind}' of this version has every field of the version before, with its limits`, () => {
    const told = { source: "a-part", subject: "stress", key: "g1.30000", nowMs: 0 };
    const event = makeEvent(kind, { ...told, data: DATA[kind] as never });
    const json = JSON.parse(Buffer.from(encodeEvent(event)).toString()) as { type: string; data: object };
    assert.equal(json.type, SUBJECTS[kind]);
    const more = pathsOf(json.data).filter((path) => !pathsOf(before).includes(path));
    assert.ok(more.length > 0 && more.every((path) => NEW_FIELDS.test(path)), more.join(" "));
    const values: unknown = JSON.parse(
      JSON.stringify(json.data, (key, value: unknown) => (NEW_KEYS.includes(key) ? undefined : value)),
    );
    // Only the id says more than it did; there it had room for 253 characters.
    const ids = /"decisionId":"([^"]*)"/g;
    const plain = (of: unknown) => JSON.stringify(of).replaceAll(ids, '"decisionId":""');
    assert.equal(plain(values), plain(before));
    for (const [, id] of JSON.stringify(values).matchAll(ids)) assert.ok(id!.length <= 253, id);
  });
}

test("going back: bus.json and functions/*.json keep what the version before looks for", async (t) => {
  const home = await oldHome(t);
  const bus = join(home, "bus");
  await remember(bus, { ...(await recall(bus)), pid: 7, ownerPid: 8 });
  const { port, pid, ownerPid } = JSON.parse(await readFile(join(bus, "bus.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual({ port, pid, ownerPid }, { port: 42_220, pid: 7, ownerPid: 8 });
  const store = createDeploymentStore(home);
  await store.load((problem) => assert.fail(problem));
  await store.saveCount("stress", () => 5);
  const written = await readFile(join(home, "functions", "stress.json"), "utf8");
  assert.equal(written, `${JSON.stringify({ ...STORED, desiredReplicas: 5 }, null, 2)}\n`);
});
