/** How fast this machine can play the demo. Measured before it starts: a busy one would show late requests that are no policy's. */
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

import { DEMO } from "./options.ts";

/** What this machine has free. */
export interface Room {
  /** Cores' worth of CPU time that this process can have at the moment. */
  readonly freeCores: number;
  /** Cores that it may use at all. */
  readonly cores: number;
}

/** Fastest first; the first is the demo's own. */
const PACES = [DEMO.timeLapse, 8, 6, 5, 4, 3, 2] as const;
/** What the demo's requests take at any time-lapse, on average: their work is divided by it, and they come so much oftener. */
const LOAD_CORES = 0.2;
/** What platform, loop and starts of replicas take for each second of trace time in a real one. */
const CORES_A_LAPSE = 0.035;
/** Of what is free: the demo's busiest windows take nearly three times its average. */
const USED_SHARE = 0.37;
/** Below this share of its cores a machine is busy with something else. */
const QUIET_SHARE = 0.8;
/** Fewer do not show how a policy scales up and down. */
const MIN_WINDOWS = 12;

/** The largest time-lapse of the demo for which there is room; the smallest where there is none for any. */
export function paceFor({ freeCores }: Pick<Room, "freeCores">): number {
  const has = USED_SHARE * freeCores;
  return PACES.find((pace) => LOAD_CORES + CORES_A_LAPSE * pace <= has) ?? PACES.at(-1)!;
}

/** The demo's time-lapse and length. */
export interface Pace {
  readonly timeLapse: number;
  readonly windows: number;
}

/**
 * The demo at the pace that `room` allows, in about the same time: a slower one plays fewer windows, unless so many `windows` were
 * asked for (null: not). Says in one sentence why it is slower.
 */
export async function demoPace(
  windows: number | null,
  room: () => Promise<Room>,
  say: (line: string) => void,
): Promise<Pace> {
  const measured = await room();
  const timeLapse = paceFor(measured);
  if (timeLapse === PACES[0]) return { timeLapse, windows: windows ?? DEMO.windows };
  const played = windows ?? Math.max(MIN_WINDOWS, Math.round((DEMO.windows * timeLapse) / PACES[0]));
  const why = measured.freeCores < QUIET_SHARE * measured.cores ? "is busy" : "has too few cores for more";
  const fewer = windows === null ? `, and ${played} windows instead of ${DEMO.windows}` : "";
  say(
    `This machine ${why}: playing at ${timeLapse} × instead of ${PACES[0]} ×${fewer}. --time-lapse sets the pace yourself.`,
  );
  return { timeLapse, windows: played };
}

const MEASURE_MS = 400;
/** The demo could not use more. */
const MAX_WORKERS = 8;

/** Waits for a message, so that all begin together, then computes for as long as it says. */
const SPIN = `
const { parentPort } = require("node:worker_threads");
parentPort.once("message", (ms) => {
  for (const endMs = performance.now() + ms; performance.now() < endMs; );
  parentPort.postMessage("done");
});
parentPort.postMessage("ready");
`;

/** Takes all the CPU time that it can get for a moment, and returns how much that was. */
export async function measureRoom(measureMs = MEASURE_MS): Promise<Room> {
  const cores = availableParallelism();
  const workers = Array.from({ length: Math.min(cores, MAX_WORKERS) }, () => new Worker(SPIN, { eval: true }));
  try {
    const messages = () => Promise.all(workers.map((worker) => once(worker, "message")));
    await messages();
    const done = messages();
    const before = process.cpuUsage();
    const startMs = performance.now();
    for (const worker of workers) worker.postMessage(measureMs);
    await done;
    const { user, system } = process.cpuUsage(before);
    return { freeCores: (user + system) / 1_000 / (performance.now() - startMs), cores: workers.length };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
