/** Records `test/metrics/fixtures/prometheus-answers.json` from the Prometheus on PATH: `node --import tsx test/support/metrics/record-fixture.ts`. */
import { writeFile } from "node:fs/promises";

import { findPrometheus, record } from "./prometheus-peer.ts";

const prometheus = findPrometheus();
if (!prometheus) throw new Error("there is no `prometheus` on PATH to record from");
const recording = await record(prometheus, 40, 250);
const rows = (list: readonly unknown[]) => list.map((row) => JSON.stringify(row)).join(",\n");
await writeFile(
  new URL("../../metrics/fixtures/prometheus-answers.json", import.meta.url),
  `{"server":${JSON.stringify(recording.server)},"lookBackMs":${recording.lookBackMs},\n` +
    `"series":[\n${rows(recording.series)}\n],\n"answers":[\n${rows(recording.answers)}\n]}\n`,
);
console.log(`${recording.server}: ${recording.series.length} series, ${recording.answers.length} answers`);
