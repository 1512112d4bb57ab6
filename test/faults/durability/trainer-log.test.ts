/** The trainer's log under every fault at every write: what it acknowledged is there after a power cut, the rest is not. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Files } from "#shared/adapters/files/files.ts";
import type { ModelControl } from "#shared/core/model.ts";
import { decisionIdOf } from "#shared/core/proposal.ts";
import type { Fact } from "#shared/core/transition.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { anApplied, aProposal } from "#test/support/a-decision.ts";
import { TrainerMemory } from "#services/trainer/memory/trainer-memory.ts";
import { openSegmentLog, type SegmentBounds, type SegmentLog } from "#services/trainer/memory/segment-log.ts";
import { record } from "#test/support/faults/figures.ts";
import { everyFault, isKill } from "#test/support/faults/every-fault.ts";
import { volatileFiles } from "#test/support/faults/volatile-files.ts";

const FOLDER = "/home/trainer";
/** Two windows fill a file; the first ones go. */
const BOUNDS: SegmentBounds = { segmentBytes: 2_000, maxSegments: 3 };
const WIDE: SegmentBounds = { segmentBytes: 2_000, maxSegments: 1_000 };

const factsOf = (seq: number): readonly Fact[] => [
  { kind: "window", managed: aManaged(), window: aWindow({ seq }) },
  { kind: "proposal", proposal: aProposal({ seq }) },
  { kind: "applied", applied: anApplied({ seq }) },
];
const aControl = (functionName: string, mode: ModelControl["mode"]): ModelControl => ({
  ...{ functionName, policy: "model:m", step: null, before: null, version: null },
  ...{ mode, reason: "a test", atMs: 1 },
});

/** By name what a new trainer finds. */
async function found(files: Files, bounds: SegmentBounds): Promise<{ log: SegmentLog; names: Map<string, number> }> {
  const log = await openSegmentLog(files, FOLDER, bounds);
  const names = new Map<string, number>();
  for (const line of log.found as Fact[]) {
    const id = line.kind === "window" ? decisionIdOf("stress", line.window.endedAtMs) : idOf(line);
    names.set(`${line.kind} ${id}`, (names.get(`${line.kind} ${id}`) ?? 0) + 1);
  }
  return { log, names };
}
const idOf = (fact: Fact) =>
  fact.kind === "proposal" ? fact.proposal.decisionId : fact.kind === "applied" ? fact.applied.decisionId : "";

test("facts of one moment, file after file: acknowledged is there once, refused is not, the log goes on", async () => {
  let refused = 0;
  const tried = await everyFault({
    async act(files, ledger) {
      const log = await openSegmentLog(files, FOLDER, WIDE);
      const memory = new TrainerMemory(log);
      for (let seq = 1; seq <= 3; seq++) {
        // A kill ends all three of them: none may be left over to surprise the test runner.
        const taken = await Promise.allSettled(
          factsOf(seq).map((fact) => {
            const name = `${fact.kind} ${decisionIdOf("stress", seq * 30_000)}`;
            return ledger.attempt(name, "1", () => memory.take(fact));
          }),
        );
        for (const one of taken) if (one.status === "rejected") throw one.reason;
        if (log.problem() !== null)
          assert.match(log.problem()!, /^the trainer's log cannot be written: .*is delivered again$/);
      }
      refused += ledger.refused;
      await log.close();
    },
    async check(files, ledger, when) {
      const { log, names } = await found(files, WIDE);
      for (let seq = 1; seq <= 3; seq++) {
        for (const { kind } of factsOf(seq)) {
          const name = `${kind} ${decisionIdOf("stress", seq * 30_000)}`;
          ledger.check(name, names.has(name) ? String(names.get(name)) : null, when);
        }
      }
      assert.deepEqual(
        log.losses.map(({ damagedLines }) => damagedLines),
        log.losses.map(() => 0),
        `${when}: a line was misread`,
      );
      const memory = new TrainerMemory(log);
      for (const fact of factsOf(4)) await memory.take(fact);
      assert.equal(log.problem(), null, when);
      await log.close();
      const again = await found(files, WIDE);
      assert.equal(again.names.get(`window ${decisionIdOf("stress", 120_000)}`), 1, when);
      assert.deepEqual(again.log.losses, [], `${when}: what was cut is cut away`);
      await again.log.close();
    },
  });
  assert.ok(tried > 100, `${tried} faults`);
  assert.ok(refused > 0, "some were refused");
  record(import.meta.filename, { tried, held: tried, acknowledgedLost: 0 });
});

test("what a model may do, and orders, outlive every file that goes, whatever fails meanwhile", async () => {
  const tried = await everyFault({
    async act(files, ledger) {
      const log = await openSegmentLog(files, FOLDER, BOUNDS);
      const memory = new TrainerMemory(log);
      await ledger.attempt("control", "shadow", () => memory.control(aControl("stress", "shadow")));
      await ledger.attempt("automatic", "false", () => memory.order({ action: "stop" }));
      for (let seq = 1; seq <= 5; seq++) {
        for (const fact of factsOf(seq)) {
          await memory.take(fact).catch((thrown: unknown) => {
            if (isKill(thrown)) throw thrown;
          });
        }
      }
      await ledger.attempt("automatic", "true", () => memory.order({ action: "start" }));
      await log.close();
    },
    async check(files, ledger, when) {
      const log = await openSegmentLog(files, FOLDER, BOUNDS);
      const memory = new TrainerMemory(log);
      ledger.check("control", memory.controls.get("stress")?.mode ?? null, when);
      ledger.check("automatic", memory.isAutomatic === null ? null : String(memory.isAutomatic), when);
      await memory.control(aControl("other", "canary"));
      await log.close();
      const again = await openSegmentLog(files, FOLDER, BOUNDS);
      assert.equal(new TrainerMemory(again).controls.get("other")!.mode, "canary", when);
      await again.close();
    },
  });
  assert.ok(tried > 100, `${tried} faults`);
  record(import.meta.filename, { tried, held: tried });
});

test("facts that come while the disk is busy are synced together", async () => {
  const disk = volatileFiles();
  let syncs = 0;
  const counting: Files = {
    ...disk,
    async openAtEnd(path, mode) {
      const file = await disk.openAtEnd(path, mode);
      return { ...file, sync: () => (syncs++, file.sync()) };
    },
  };
  const log = await openSegmentLog(counting, FOLDER, { segmentBytes: 1e6, maxSegments: 2 });
  const memory = new TrainerMemory(log);
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((seq) => factsOf(seq).map((fact) => memory.take(fact))));
  assert.equal(memory.logStatus.facts, 30);
  assert.ok(syncs <= 3, `${syncs} syncs for 30 facts`);
  await log.close();
});
