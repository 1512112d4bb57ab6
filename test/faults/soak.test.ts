/**
 * Soak: days of the whole loop in one process, with a load that follows the hours, bursts, faults of the metrics, restarts of
 * the collector, and functions that come and go; everything that could grow is counted and must not.
 * `REPLICANT_SOAK_HOURS=720 node --import tsx --test test/faults/soak.test.ts` runs a month of trace time: half an hour of one core.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { checkPromises } from "#test/support/check-promises.ts";
import type { RecordedEvent } from "#shared/guard/promises.ts";
import { isDecidable } from "#shared/core/window.ts";
import { seededRandom } from "#shared/core/random.ts";
import { liveBytes } from "#test/support/live-bytes.ts";
import { record } from "#test/support/faults/figures.ts";
import { startLoop, WINDOW_SECONDS, type Loop } from "#test/support/faults/loop.ts";
import { PAGE_FAULTS } from "#test/support/faults/metrics-world.ts";
import { assertPromises } from "#test/support/faults/promises.ts";

const HOURS = Number(process.env["REPLICANT_SOAK_HOURS"] ?? 8);
const WINDOWS_PER_HOUR = 3_600 / WINDOW_SECONDS;
/** The scaler remembers a thousand decisions, at most: until it has them, of all functions, memory may grow. */
const WARM_UP_HOURS = 3;
const LAP_HOURS = 1;
/** So much of a lap is judged once more with the next one: longer than anything the guard remembers. */
const SEAM_MS = 30 * 60_000;
/**
 * Twice what compiled code and a map's doubling were seen to add in one step. It is the same for any length: the longer the run, the
 * smaller the leak it finds.
 */
const MAX_GROWTH_BYTES = 8 * 2 ** 20;

interface Lap {
  readonly liveBytes: number;
  readonly handles: number;
  readonly sizes: ReturnType<Loop["sizes"]>;
  readonly longestAgeSeconds: number;
}

test(
  `soak: in ${HOURS} hours of trace time every window is decided on, and nothing grows`,
  { timeout: (120 + 30 * (WARM_UP_HOURS + HOURS)) * 1_000 },
  async (t) => {
    const loop = await startLoop(t, { policy: "model:lstm-ppo-plus", replicas: 2, tickSeconds: 10 });
    const { world, target } = loop;
    const random = seededRandom("soak");
    const faults = Object.values(PAGE_FAULTS);
    let events: RecordedEvent[] = [];
    await loop.bus.subscribe("tick", async ({ data }) => void events.push({ kind: "tick", data }));
    await loop.bus.subscribe("window", async ({ data }) => void events.push({ kind: "window", data }));
    await loop.bus.subscribe("proposal", async ({ data }) => void events.push({ kind: "proposal", data }));
    await loop.bus.subscribe("applied", async ({ data }) => void events.push({ kind: "applied", data }));
    const total = { windows: 0, decisions: 0, byModel: 0, faults: 0, restarts: 0, visitors: 0, changes: 0, said: 0 };

    /** A day's curve, bursts on top of it, and an hour in which nobody calls. */
    function load(hour: number): void {
      const daily = 10 + 9 * Math.sin((2 * Math.PI * hour) / 24);
      const burst = random.next() < 0.03 ? 30 : 0;
      world.ratePerSecond = Math.floor(hour) % 12 === 11 ? 0 : Math.round(daily + burst + 2 * random.next());
      world.inFlight = Math.round(0.8 * world.ratePerSecond);
    }

    let faultUntil = 0;
    /** What the operators and the neighbours do meanwhile. */
    async function disturb(index: number): Promise<void> {
      if (index % 40 === 20) {
        world.fault = faults[total.faults++ % faults.length]!;
        faultUntil = index + 1 + Math.floor(3 * random.next());
      }
      if (index === faultUntil) world.fault = null;
      if (index % 10 === 5) {
        const name = `visitor-${++total.visitors}`;
        target.set(name, 1);
        world.visitors = [...world.visitors, name].slice(-3);
      }
      if (index % 60 === 45) {
        total.restarts++;
        await loop.restartCollector();
      }
      if (index % 240 === 100) world.restartGateway();
    }

    let longestAgeSeconds = 0;
    async function lap(fromWindow: number): Promise<Lap> {
      longestAgeSeconds = 0;
      for (let index = fromWindow; index < fromWindow + LAP_HOURS * WINDOWS_PER_HOUR; index++) {
        load(index / WINDOWS_PER_HOUR);
        await disturb(index);
        await loop.pass(WINDOW_SECONDS);
        longestAgeSeconds = Math.max(
          longestAgeSeconds,
          loop.activity("scaler").ages()["stress"]?.["decision"] ?? Infinity,
        );
      }
      judge();
      return {
        ...{ liveBytes: liveBytes(), handles: process.getActiveResourcesInfo().length },
        ...{ sizes: loop.sizes(), longestAgeSeconds },
      };
    }

    /** Every window of the lap has its decision, and every promise was kept; then the record goes, but for its seam. */
    function judge(): void {
      const windows = loop.windows.splice(0);
      const applied = loop.applied.splice(0);
      const mine = windows.filter(({ functionName }) => functionName === "stress");
      const decided = new Set(applied.filter((one) => one.functionName === "stress").map(({ seq }) => seq));
      // What cannot be decided on is held once without a word: from the second on the fallback rule says so.
      const passedOver = mine.filter(({ seq }, i) => {
        const heldBefore = i > 0 && !decided.has(mine[i - 1]!.seq);
        return !decided.has(seq) && (heldBefore || isDecidable(mine[i]!));
      });
      assert.deepEqual(
        passedOver.map(({ seq }) => seq),
        [],
        "windows that nobody decided on",
      );
      assertPromises({ windows, applied });
      assert.deepEqual(checkPromises(events).broken, []);
      total.windows += mine.length;
      total.decisions += applied.length;
      total.byModel += applied.filter(({ trigger }) => trigger === "proposal").length;
      total.changes += target.asked.splice(0).length;
      total.said += loop.said.splice(0).length;
      const sinceMs = loop.clock.nowMs() - SEAM_MS;
      events = events.filter((event) => instantOf(event) >= sinceMs);
    }

    const laps: Lap[] = [];
    for (let hour = 0; hour < WARM_UP_HOURS + HOURS; hour += LAP_HOURS) {
      const one = await lap(hour * WINDOWS_PER_HOUR);
      if (hour >= WARM_UP_HOURS) laps.push(one);
    }

    assert.ok(total.byModel > total.windows / 2 && total.changes > HOURS, "the model decides, and counts change");
    const quarter = Math.max(1, Math.floor(laps.length / 4));
    const [first, last] = [laps.slice(0, quarter), laps.slice(-quarter)];
    const most = (some: readonly Lap[], of: (one: Lap) => number) => Math.max(...some.map(of));
    const grownBytes = most(last, (one) => one.liveBytes) - most(first, (one) => one.liveBytes);
    t.diagnostic(`MiB, lap by lap: ${laps.map((one) => (one.liveBytes / 2 ** 20).toFixed(1)).join(" ")}`);
    t.diagnostic(JSON.stringify({ ...total, grownBytes, first: first[0], last: last.at(-1) }));
    assert.ok(grownBytes < MAX_GROWTH_BYTES, `memory grew by ${grownBytes} bytes`);
    // A model may just be read: what leaks is there at every count.
    const leastHandles = (some: readonly Lap[]) => Math.min(...some.map(({ handles }) => handles));
    assert.ok(leastHandles(last) <= leastHandles(first), "handles");
    assert.ok(most(last, (one) => one.longestAgeSeconds) <= most(first, (one) => one.longestAgeSeconds), "ages");
    for (const name of ["scaler", "collector", "ages"] as const) {
      const sizeOf = (one: Lap) => one.sizes[name];
      assert.ok(most(last, sizeOf) <= most(first, sizeOf), `${name}: ${most(first, sizeOf)} → ${most(last, sizeOf)}`);
    }
    record(import.meta.filename, {
      ...{ tried: total.faults + total.restarts, held: total.faults + total.restarts },
      ...{ hoursSoaked: WARM_UP_HOURS + HOURS, scaleDownsOnMissing: 0 },
    });
  },
);

function instantOf(event: RecordedEvent): number {
  switch (event.kind) {
    case "tick":
      return event.data.tick.atMs;
    case "window":
      return event.data.window.endedAtMs;
    case "proposal":
      return event.data.proposal.endedAtMs;
    case "applied":
      return event.data.atMs;
    default:
      return 0;
  }
}
