/** The simulator: calls a second, environment steps a second, and memory over many calls. */
import { seededRandom } from "#shared/core/random.ts";
import { SimulatedPlatform } from "#shared/sim/platform.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { ScalingEnvironment } from "#shared/sim/scaling-environment.ts";
import { excerptsOf } from "#test/support/episode-loads.ts";
import { poissonSchedule } from "#test/support/sim/schedules.ts";
import { median, type Row, type Section } from "./section.ts";

const CALLS = 1_000_000;
const LONG_RUN_CALLS = 10_000_000;
const STEPS = 5_000;
const ROUNDS = 3;

export const simulatorSection: Section = {
  name: "simulator",
  run: async () => [
    callsPerSecond(),
    memoryPerMillionCalls(),
    growthWithTime(),
    growthWithFunctions(),
    ...[true, false].map(stepsPerSecond),
  ],
};

function platformOf(calls: number) {
  const schedule = poissonSchedule({ rps: 10, calls, cv: 0.3 });
  const profile = simProfile("stress");
  return { schedule, platform: new SimulatedPlatform({ profile, schedule, replicas: 18, random: seededRandom(1) }) };
}

function callsPerSecond(): Row {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const { schedule, platform } = platformOf(CALLS);
    const startMs = performance.now();
    platform.runUntil(schedule.durationSeconds + 100);
    return CALLS / ((performance.now() - startMs) / 1000);
  });
  const note = `goal 1 M; stress at 10 rps on 18 replicas, one core, ${CALLS / 1e6} M calls, median of ${ROUNDS}`;
  return { what: "simulated calls", value: median(rounds) / 1e6, unit: "M/s", note };
}

function memoryPerMillionCalls(): Row {
  const { schedule, platform } = platformOf(LONG_RUN_CALLS);
  const bytes = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  platform.runUntil(schedule.durationSeconds * 0.1);
  const before = bytes();
  platform.runUntil(schedule.durationSeconds + 100);
  const value = (bytes() - before) / 2 ** 20;
  return { what: "memory grown over nine of ten M calls", value, unit: "MiB", note: "goal: flat" };
}

/** A call's cost must not depend on how long the trace is: as many calls in one run of 30 days as in 720 of an hour. */
function growthWithTime(): Row {
  const rps = 0.4;
  const callsIn = (seconds: number) => Math.round(rps * seconds);
  const month = () => runs(1, 1, callsIn(30 * 24 * 3_600), rps);
  const hours = () => runs(720, 1, callsIn(3_600), rps);
  const note = "goal 0.8–1.2; planning not counted";
  return { what: "time a call, 30 days ÷ 1 hour of trace", value: ratioOfTimes(month, hours), unit: "×", note };
}

/** Nor on how many functions are simulated side by side, minute by minute. */
function growthWithFunctions(): Row {
  const many = () => runs(1, 1_000, 500, 10);
  const one = () => runs(1, 1, 500_000, 10);
  const note = "goal 0.8–1.2; planning not counted";
  return { what: "time a call, 1,000 functions ÷ 1", value: ratioOfTimes(many, one), unit: "×", note };
}

/** Milliseconds that `times` runs take, each of so many functions side by side, minute by minute. */
function runs(times: number, functions: number, calls: number, rps: number): number {
  let spentMs = 0;
  for (let run = 0; run < times; run++) {
    const platforms = Array.from({ length: functions }, (_, index) => {
      const schedule = poissonSchedule({ rps, calls, cv: 0.3 });
      const random = seededRandom(`${run}/${index}`);
      return {
        schedule,
        platform: new SimulatedPlatform({ profile: simProfile("stress"), schedule, replicas: 18, random }),
      };
    });
    const endSeconds = Math.max(...platforms.map(({ schedule }) => schedule.durationSeconds)) + 100;
    const startMs = performance.now();
    for (let seconds = 60; seconds < endSeconds + 60; seconds += 60) {
      for (const { platform } of platforms) platform.runUntil(seconds);
    }
    spentMs += performance.now() - startMs;
  }
  return spentMs;
}

/** Median over rounds of one's time ÷ the other's, in turn, after a warm-up. */
function ratioOfTimes(one: () => number, other: () => number): number {
  one();
  other();
  return median(Array.from({ length: ROUNDS }, () => one() / other()));
}

function stepsPerSecond(guarded: boolean): Row {
  const environment = new ScalingEnvironment({
    profile: "stress",
    load: excerptsOf([poissonSchedule({ rps: 5, calls: 200_000, cv: 0.3 })]),
    layout: "plus-7",
    objective: "paper",
    guard: guarded ? "on" : "off",
    episodeWindows: 60,
  });
  const random = seededRandom(1);
  const reset = () => environment.reset({ options: { initialReplicas: 8 } });
  const play = (steps: number) => {
    for (let i = 0; i < steps; i++) if (environment.step([1, 2, 2, 2, 3][random.integer(5)]!).truncated) reset();
  };
  reset();
  play(1_000);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startMs = performance.now();
    play(STEPS);
    return STEPS / ((performance.now() - startMs) / 1000);
  });
  const note = `goal 5,000; 5 rps, 30-s windows, ticks of 2 s, median of ${ROUNDS}`;
  return { what: `environment steps, guard ${guarded ? "on" : "off"}`, value: median(rounds), unit: "/s", note };
}
