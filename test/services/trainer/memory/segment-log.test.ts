import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";

import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { lossInWords } from "#services/trainer/memory/read-segments.ts";
import { openSegmentLog } from "#services/trainer/memory/segment-log.ts";

describe("the trainer's log", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "replicant-log-"))));
  afterEach(() => rm(folder, { recursive: true }));
  const file = (number: number) => join(folder, `log-00000${number}.ndjson`);

  test("what was appended is found again, in order", async () => {
    const log = await openSegmentLog(nodeFiles, folder);
    assert.deepEqual(log.found, []);
    await Promise.all([log.append({ n: 1 }), log.append({ n: 2 }), log.append({ n: "drei\n" })]);
    await log.close();
    const again = await openSegmentLog(nodeFiles, folder);
    assert.deepEqual(again.found, [{ n: 1 }, { n: 2 }, { n: "drei\n" }]);
    await again.close();
  });

  test("what was appended is there without a clean end", async () => {
    const log = await openSegmentLog(nodeFiles, folder);
    await log.append({ n: 1 });
    const other = await openSegmentLog(nodeFiles, folder);
    assert.deepEqual(other.found, [{ n: 1 }]);
    await Promise.all([log.close(), other.close()]);
  });

  test("a line cut off by a death is cut away, and the next one is whole", async () => {
    await writeFile(file(1), '{"n":1}\n{"n":2,"te');
    const log = await openSegmentLog(nodeFiles, folder);
    assert.deepEqual(log.found, [{ n: 1 }]);
    assert.deepEqual(log.losses, [{ segment: "log-000001.ndjson", damagedLines: 0, cutBytes: 10 }]);
    assert.match(lossInWords(log.losses[0]!), /^log-000001\.ndjson: a last line of 10 bytes cut off; it was never ack/);
    await log.append({ n: 3 });
    await log.close();
    const again = await openSegmentLog(nodeFiles, folder);
    assert.deepEqual(again.found, [{ n: 1 }, { n: 3 }]);
    await again.close();
  });

  test("a damaged line is counted and passed over", async () => {
    await writeFile(file(1), '{"n":1}\n\0\0\0\n{"n":2}\n');
    const log = await openSegmentLog(nodeFiles, folder);
    assert.deepEqual(log.found, [{ n: 1 }, { n: 2 }]);
    assert.deepEqual(log.losses, [{ segment: "log-000001.ndjson", damagedLines: 1, cutBytes: 0 }]);
    await log.close();
  });

  test("it is bounded: the oldest file goes", async () => {
    const bounds = { segmentBytes: 100, maxSegments: 3 };
    const log = await openSegmentLog(nodeFiles, folder, bounds);
    for (let n = 1; n <= 100; n++) await log.append({ n, text: "x".repeat(30) });
    assert.equal(log.segments(), 3);
    await log.close();
    assert.equal((await readdir(folder)).length, 3);
    const again = await openSegmentLog(nodeFiles, folder, bounds);
    const numbers = again.found.map((line) => (line as { n: number }).n);
    assert.equal(numbers.at(-1), 100);
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, i) => 101 - numbers.length + i),
    );
    await again.append({ n: 101 });
    await again.close();
  });

  test("other files in the folder are left alone", async () => {
    await appendFile(join(folder, "notes.txt"), "mine");
    const log = await openSegmentLog(nodeFiles, folder);
    await log.close();
    assert.ok((await readdir(folder)).includes("notes.txt"));
  });
});
