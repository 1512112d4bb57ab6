/**
 * On bursts the default rule is no later than `kpa`, which decides every 2 s as Knative runs it. Where requests are long and may wait for
 * long (`heavy`), kpa's count runs ahead of the load by the queue; there it may be a few ticks ahead.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MANAGED_DEFAULTS } from "#shared/core/managed-function.ts";
import { seededRandom } from "#shared/core/random.ts";
import { planSchedule, type Schedule } from "#shared/traces/schedule.ts";
import { KPA_TICK_SECONDS, kpaTickPolicy } from "#shared/evaluation/kpa-ticks.ts";
import { kpaOptionsByName } from "#shared/policies/kpa/kpa.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { neededReplicas, PROFILES, type SimProfile } from "#shared/sim/profiles.ts";
import { simulate, type TickPolicy } from "#shared/sim/simulate.ts";

const BURSTS_A_PROFILE = 5;
/** Of the bursts, so many may be met later than kpa does and a tick; and none by more ticks than this. */
const MAX_LATE_SHARE = 0.1;
const MAX_LATE_TICKS = 3;
const BIN_SECONDS = 10;
const QUIET_SECONDS = 1200;
const BURST_SECONDS = 120;

interface Burst {
  readonly schedule: Schedule;
  readonly fromSeconds: number;
  /** What its load keeps busy: with fewer a queue grows, and how many more there are to be is each policy's own business. */
  readonly needed: number;
  readonly words: string;
}

/** Twenty minutes and a part of one at a rate that one to three replicas serve, then two minutes of three to ten times as much. */
function aBurst(profile: SimProfile, seed: number): Burst {
  const random = seededRandom(`bursts/${profile.name}/${seed}`);
  const times = 3 + 7 * random.next();
  const busySeconds = Math.max(profile.cpuSeconds / profile.parameters.cpuLimitCores, profile.sleepSeconds / 4);
  const needBefore = 0.7 + random.next() * (Math.min(3, (0.8 * profile.maxReplicas) / times) - 0.7);
  const rps = (0.7 * needBefore) / busySeconds;
  const fromSeconds = QUIET_SECONDS + BIN_SECONDS * random.integer(6);
  const bins = (seconds: number, rate: number) =>
    Array.from({ length: seconds / BIN_SECONDS }, () => Math.round(rate * BIN_SECONDS));
  const counts = [...bins(fromSeconds, rps), ...bins(BURST_SECONDS, rps * times)];
  const trace = { kind: "binned", format: "counts-30s", name: "burst", binSeconds: BIN_SECONDS, counts } as const;
  const schedule = planSchedule(trace, { seed, workCv: profile.workCv, windowSeconds: 30 });
  const needed = Math.min(profile.maxReplicas, neededReplicas(profile, rps * times, 1));
  return { schedule, fromSeconds, needed, words: `${profile.name}, burst ${seed}, × ${times.toFixed(1)} to ${needed}` };
}

/** By count: seconds from the burst's beginning until so many were wanted; below 0 where they stood before. */
function reached({ schedule, fromSeconds }: Burst, profile: SimProfile, seed: number, by: "kpa" | "default"): number[] {
  const seconds: number[] = [];
  const kpa = by === "kpa" ? kpaTickPolicy(kpaOptionsByName("kpa")) : null;
  const watching: TickPolicy = {
    identity: { name: by, version: "1" },
    onTick(tick, managed) {
      for (let count = 0; count <= (tick.desiredReplicas ?? 0); count++) {
        if (tick.atMs >= (fromSeconds - KPA_TICK_SECONDS) * 1000) seconds[count] ??= tick.atMs / 1000 - fromSeconds;
      }
      return kpa?.onTick(tick, managed) ?? null;
    },
  };
  simulate({
    ...{ schedule, profile, seed, tickPolicy: watching, initialReplicas: 3, tickSeconds: KPA_TICK_SECONDS },
    changes: { parameters: { droppedScrapeChance: 0 } },
    ...(kpa ? { guard: "off" } : { policy: policyByName(MANAGED_DEFAULTS.policy)() }),
  });
  return seconds;
}

/** Ticks by which a count that the burst's load takes came later than kpa's; 0 where none did. */
function ticksLate(burst: Burst, profile: SimProfile, seed: number): number {
  const [kpa, ours] = (["kpa", "default"] as const).map((by) => reached(burst, profile, seed, by));
  // What a tick shows was decided on the one before: up to the second, before the burst.
  const late = kpa!.flatMap((seconds, count) =>
    seconds > KPA_TICK_SECONDS && count <= burst.needed ? (ours![count] ?? Infinity) - seconds : [],
  );
  return Math.max(0, ...late) / KPA_TICK_SECONDS;
}

describe("on bursts no later than kpa", () => {
  const all: number[] = [];
  for (const profile of Object.values(PROFILES)) {
    for (let seed = 1; seed <= BURSTS_A_PROFILE; seed++) {
      const burst = aBurst(profile, seed);
      test(burst.words, () => {
        all.push(ticksLate(burst, profile, seed));
        assert.ok(all.at(-1)! <= MAX_LATE_TICKS, `${all.at(-1)} ticks`);
      });
    }
  }

  test("in nine of ten by no more than a tick", () => {
    const late = all.filter((ticks) => ticks > 1);
    assert.ok(late.length <= MAX_LATE_SHARE * all.length, `${late.length} of ${all.length}: ${late.join(", ")} ticks`);
  });
});
