/** A process that writes windows into a trainer's log, says of each that it is acknowledged, and is there to be killed: `FOLDER FROM`. */
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { openSegmentLog } from "#services/trainer/memory/segment-log.ts";
import { TrainerMemory } from "#services/trainer/memory/trainer-memory.ts";

const [folder, from] = process.argv.slice(2);
const log = await openSegmentLog(nodeFiles, folder!, { segmentBytes: 20_000, maxSegments: 1_000 });
const memory = new TrainerMemory(log);
console.log("ready");
for (let seq = Number(from); ; seq += 8) {
  const batch = Array.from({ length: 8 }, (_, i) => seq + i);
  await Promise.all(
    batch.map(async (one) => {
      await memory.take({ kind: "window", managed: aManaged(), window: aWindow({ seq: one }) });
      console.log(String(one));
    }),
  );
}
