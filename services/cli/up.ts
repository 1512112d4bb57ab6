/** `replicant up`: the platform, the loop and a load on one machine; a line a window; a summary at the end. */
import { resolve } from "node:path";

import { readFlags } from "#shared/config/flags.ts";
import { GATEWAY_PROFILES } from "#shared/deploy/gateway-profile.ts";
import { beyondProfile, policyLines } from "#shared/live/managed.ts";
import { defaultRuleLine } from "#shared/live/run/default-rule.ts";
import { DEMO, type LiveRunOptions } from "#shared/live/run/options.ts";
import { demoPace, measureRoom } from "#shared/live/run/pace.ts";
import { isKept, promiseLines } from "#shared/live/run/promises.ts";
import { followRun, planRun, startRun, type RunObserver, type RunOutcome, type RunPlan } from "#shared/live/run/run.ts";
import { startLocalStack } from "../local-openfaas/index.ts";
import { command, type FlagsOf, type World } from "./command.ts";
import { greeting } from "./greeting.ts";
import { HEADER, lineOf, newsLine, summaryOf } from "./up/print.ts";

const OPTIONS = {
  "--demo": "a few minutes of the seed's trace, ten times as fast, or slower where the machine is busy",
  "--trace <file>": "replay this trace against the managed function",
  "--format <name>": "the trace's format, where detection is not wanted",
  "--from-window <n>": "skip so many windows of the trace",
  "--rate-scale <x>": "multiply the trace's rates",
  "--time-lapse <k>": "one real second is k seconds of the trace",
  "--windows <n>": "end after so many windows of 30 s trace time",
  "--policy <name>": "the policy of stack.yml's managed function: hpa, kpa, openfaas-pro, fixed:N, …",
  "--port <n>": "the gateway's port; 0 lets the system choose",
  "--seed <text>": "seed of the schedule",
  "--profile <name>": "open (0…N replicas) or ce (1…5, as the community edition)",
  "--stack <file>": "another stack file",
  "--json": "print one JSON document at the end, and nothing else, on stdout",
  "--verify": "end with a check of what the guard promises; exit 1 when a promise is broken",
  "--verbose": "print what the platform does, on stderr",
} as const;

/** The flags of `up`. */
export type UpFlags = FlagsOf<typeof OPTIONS>;

export default command({
  name: "up",
  description: "run the platform, all of stack.yml and a load on this machine; a line a window",
  options: OPTIONS,
  async run(flags, world) {
    const given = readUpFlags(flags);
    const isDemo = flags.demo && flags.timeLapse === undefined;
    const asked = flags.windows === undefined ? null : given.windows;
    const options = isDemo ? { ...given, ...(await demoPace(asked, measureRoom, world.say)) } : given;
    const say = flags.json ? () => {} : world.say;
    const plan = await planRun(options, world);
    say("starting the platform and the loop …");
    const run = await startRun(plan, { ...world, startStack: startLocalStack });
    try {
      for (const line of greeting(run.stack, resolve(world.home))) say(line);
      say(`functions ${run.stack.functions.map(({ name }) => name).join(", ")}`);
      for (const line of [...policyLines(plan.managed), ...beyondProfile(plan.managed, options.profile)]) say(line);
      const outcome = await followRun(run, observerOf(say, world));
      if (flags.json) {
        const { promises, ...document } = outcome;
        world.answer(JSON.stringify({ ...document, ...(promises && { promises }) }));
      } else for (const line of outcomeLines(outcome, plan)) say(line);
      return exitCodeOf(outcome, plan, world);
    } finally {
      say("stopping …");
      await run.close();
    }
  },
});

/** Throws a `ConfigError` that names every bad flag. */
export function readUpFlags(flags: UpFlags): LiveRunOptions {
  const read = readFlags();
  const demo = flags.demo ? DEMO : null;
  const count = { least: 0, most: 10_000_000, whole: true };
  const options: LiveRunOptions = {
    profile: read.choice("profile", flags.profile, GATEWAY_PROFILES, "open"),
    trace: flags.trace ?? demo?.trace ?? null,
    format: flags.format ?? null,
    fromWindow: read.number("from-window", flags.fromWindow, demo?.fromWindow ?? 0, count),
    rateScale: read.number("rate-scale", flags.rateScale, demo?.rateScale ?? 1, { least: 0.001, most: 10_000 }),
    timeLapse: read.number("time-lapse", flags.timeLapse, demo?.timeLapse ?? 1, { least: 1, most: 100 }),
    windows: read.number("windows", flags.windows, demo?.windows ?? null, { ...count, least: 1, most: 1_000_000 }),
    policy: flags.policy ?? demo?.policy ?? null,
    port: read.number("port", flags.port, 8080, { ...count, most: 65_535 }),
    seed: flags.seed ?? "1",
    stack: flags.stack ?? "stack.yml",
    verbose: flags.verbose ?? false,
    verify: flags.verify ?? false,
  };
  read.done();
  return options;
}

function observerOf(say: (line: string) => void, world: World): RunObserver {
  let rows = 0;
  return {
    onWindow(row) {
      if (rows++ % 20 === 0) say(HEADER);
      say(lineOf(row, world.columns()));
    },
    onModel: (news) => say(newsLine(news, world.columns())),
    onLoad: ({ scheduled, scheduleDigest }, { name }, windows) =>
      say(`replaying ${name}: ${scheduled} requests in ${windows} windows, schedule ${scheduleDigest.slice(0, 12)}`),
    onProblem: say,
    // However little is printed, a person should know.
    onAlarm: world.say,
  };
}

function outcomeLines({ windows, totals, defaultRule, promises }: RunOutcome, { load }: RunPlan): string[] {
  return [
    summaryOf(windows, totals),
    ...(defaultRule && load ? [defaultRuleLine(defaultRule, load.managed.slo, totals.replicaSeconds)] : []),
    ...(promises ? promiseLines(promises) : []),
  ];
}

/** 1 for a broken promise, and for a load that did not keep its schedule. */
function exitCodeOf({ promises, totals }: RunOutcome, { load }: RunPlan, { signal }: World): number {
  if (promises && !isKept(promises)) return 1;
  return load && totals.valid === false && !signal.aborted ? 1 : 0;
}
