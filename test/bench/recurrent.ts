/** sb3-contrib's RecurrentPPO beside ours, where a Python has it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Row } from "./section.ts";

const run = promisify(execFile);

/** Rounds and epochs as the agents have them, as published; few steps, for it is slow. */
const PEERS = {
  "lstm-ppo-plus": { steps: 4_000, rollout: 2_000, epochs: 1, measuredBefore: 523 },
  "lstm-ppo": { steps: 1_280, rollout: 128, epochs: 10, measuredBefore: 94 },
} as const;

/** `ours`: steps per second, simulator included; the peer's environment costs nothing. */
export async function recurrentRows(ours: Readonly<Record<keyof typeof PEERS, number>>): Promise<readonly Row[]> {
  const python = await pythonWithSb3();
  const rows: Row[] = [];
  for (const [agent, { steps, rollout, epochs, measuredBefore }] of entriesOf(PEERS)) {
    if (python === null) {
      const note = `no Python here has sb3_contrib; ${measuredBefore}/s measured elsewhere, free environment`;
      rows.push({
        what: `${agent}: × RecurrentPPO as measured before`,
        value: ours[agent] / measuredBefore,
        unit: "×",
        note,
      });
      continue;
    }
    const script = join(import.meta.dirname, "recurrent_peer.py");
    const { stdout } = await run(python, [script, String(steps), String(rollout), String(epochs)]);
    const { version, stepsPerSecond } = JSON.parse(stdout) as { version: string; stepsPerSecond: number };
    const note = `sb3-contrib ${version}, free environment, two threads`;
    rows.push({ what: `${agent}'s peer RecurrentPPO: steps`, value: stepsPerSecond, unit: "1/s", note });
    rows.push({ what: `${agent}: × RecurrentPPO`, value: ours[agent] / stepsPerSecond, unit: "×", note: "goal ≥ 10" });
  }
  return rows;
}

async function pythonWithSb3(): Promise<string | null> {
  for (const python of ["python3", "/usr/bin/python3"]) {
    const has = await run(python, ["-c", "import sb3_contrib"]).then(
      () => true,
      () => false,
    );
    if (has) return python;
  }
  return null;
}

function entriesOf<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}
