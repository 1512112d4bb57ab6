/** Runs a story once for each fault at each of its writing operations, and asks after a new start what is there. */
import assert from "node:assert/strict";
import type { Files } from "#shared/adapters/files/files.ts";
import { FAULTS, faultyFiles, KilledError, type FaultPlan, type FaultyFiles } from "./faulty-files.ts";
import { LUCKS, volatileFiles } from "./volatile-files.ts";

/** What was promised: by key the last acknowledged value. */
export class Ledger {
  /** More than one where nobody can know: death, or a disk that stops taking anything, in the middle of an attempt. */
  readonly #allowed = new Map<string, readonly (string | null)[]>();
  readonly #isUnknown: (operationsBefore: number) => boolean;
  readonly #operations: () => number;
  #refused = 0;

  constructor(operations: () => number = () => 0, isUnknown: (operationsBefore: number) => boolean = () => false) {
    this.#operations = operations;
    this.#isUnknown = isUnknown;
  }

  /** How many attempts were answered with an error. */
  get refused(): number {
    return this.#refused;
  }

  /** `value` null removes. An error is an answer: then the value before must still be there. */
  async attempt(key: string, value: string | null, work: () => Promise<unknown>): Promise<void> {
    const before = this.#allowed.get(key) ?? [null];
    const operations = this.#operations();
    try {
      await work();
      this.#allowed.set(key, [value]);
    } catch (thrown) {
      if (isKill(thrown) || this.#isUnknown(operations)) this.#allowed.set(key, [...before, value]);
      if (isKill(thrown)) throw thrown;
      this.#refused++;
    }
  }

  /** `found` null: nothing is there. */
  check(key: string, found: string | null, when: string): void {
    const allowed = this.#allowed.get(key) ?? [null];
    const texts = allowed.map((one) => JSON.stringify(one)).join(" or ");
    assert.ok(allowed.includes(found), `${when}: '${key}' is ${JSON.stringify(found)}, acknowledged was ${texts}`);
  }
}

/** Also where a `StorageError` or the like has it as its cause. */
export function isKill(thrown: unknown): boolean {
  return (
    thrown instanceof KilledError || (thrown instanceof Error && thrown.cause !== undefined && isKill(thrown.cause))
  );
}

export interface Story {
  /** Everything in order; each promise by `ledger.attempt`. Its files are below `/home`. */
  act(files: FaultyFiles, ledger: Ledger): Promise<void>;
  /** Opens everything anew, compares by `ledger.check`, and writes once more. */
  check(files: Files, ledger: Ledger, when: string): Promise<void>;
}

/** How many faults were tried. */
export async function everyFault(story: Story): Promise<number> {
  const undisturbed = await told(story, null);
  assert.equal(undisturbed.ledger.refused, 0, "without a fault nothing is refused");
  const { operations } = undisturbed.files;
  let tried = 0;
  for (let at = 1; at <= operations.length; at++) {
    for (const fault of FAULTS) {
      if (fault === "torn" && operations[at - 1] !== "write") continue;
      for (const luck of LUCKS) {
        const { disk, files, ledger } = await told(story, { at, fault });
        files.heal();
        const when = `${fault} at ${at} (${operations[at - 1]}) of ${operations.length}, ${JSON.stringify(luck)}`;
        await story.check(fault === "kill" || fault === "torn" ? disk : files, ledger, when);
        await story.check(disk.afterPowerCut(luck), ledger, `${when}, power cut`);
        tried++;
      }
    }
  }
  assert.ok(tried > 0);
  return tried;
}

async function told(story: Story, plan: FaultPlan | null) {
  const disk = volatileFiles();
  await disk.makeFolder("/home", 0o700);
  await disk.syncFolder("/");
  const files = faultyFiles(disk, plan);
  const ledger = new Ledger(
    () => files.operations.length,
    // The way back is refused, too, when not even a name can be changed any more.
    (before) => plan?.fault === "read-only" && plan.at > before + 1 && plan.at <= files.operations.length,
  );
  try {
    await story.act(files, ledger);
  } catch (thrown) {
    if (!isKill(thrown)) throw thrown;
  }
  return { disk, files, ledger };
}
