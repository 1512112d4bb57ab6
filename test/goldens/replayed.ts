/** Which requests a run sends, and when: the digest of the schedule of a live run on the local platform, and of a replay's plan. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replicant } from "./command.ts";
import { LOADS, withLoads } from "./inputs.ts";
import type { Entries } from "./records.ts";

/** Two windows of each load, against a server that answers at once. */
export async function replayed(): Promise<Entries> {
  const server = createServer((_, answer) => answer.end());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const folder = await mkdtemp(join(tmpdir(), "replicant-goldens-"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    return await withLoads(async (placeOf) => {
      const entries: Record<string, unknown> = {};
      for (const load of LOADS) {
        const plan = join(folder, `${load.name}.jsonl`);
        const words = ["--trace", placeOf(load), "--rate-scale", String(load.rateScale), "--windows", "2"];
        await replicant(["replay", ...words, "--url", url, "--time-lapse", "60", "--seed", "7", "--schedule", plan]);
        const bytes = await readFile(plan);
        entries[load.name] = { bytes: bytes.length, digest: createHash("sha256").update(bytes).digest("hex") };
      }
      return entries;
    });
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
}

/** Two windows of a whole platform: what the load generator was given to send. */
export async function live(): Promise<Entries> {
  const home = await mkdtemp(join(tmpdir(), "replicant-goldens-"));
  try {
    return await withLoads(async (placeOf) => {
      const load = LOADS[0]!;
      const words = ["--trace", placeOf(load), "--rate-scale", String(load.rateScale), "--windows", "2", "--json"];
      const text = await replicant(["up", ...words, "--time-lapse", "10", "--seed", "7", "--port", "0"], {
        REPLICANT_HOME: home,
      });
      const { totals } = JSON.parse(text) as { readonly totals: { readonly scheduleDigest: string } };
      return { [load.name]: totals.scheduleDigest };
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
