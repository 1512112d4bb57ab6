/** `replicant train`: an agent learns, in the simulator or on a running platform. */
import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";

import { readFlags } from "#shared/config/flags.ts";
import { DEFAULT_MANIFEST } from "#shared/evaluation/files/manifest.ts";
import { AGENT_NAMES, FORMS } from "#shared/rl/agents.ts";
import { PROFILES, type ProfileName } from "#shared/sim/profiles.ts";
import { TRAIN_DEFAULTS, type TrainOptions } from "#shared/training/options.ts";
import type { LivePlace, LivePlaceOptions } from "#shared/training/players.ts";
import { train, type TrainingEnd } from "#shared/training/train.ts";
import { command, type FlagsOf, type World } from "./command.ts";

const OPTIONS = {
  "--agent <name>": "ppo, lstm-ppo or lstm-ppo-plus",
  "--form <name>": "paper (as published), corrected (defects mended) or product (ours; default)",
  "--objective <form>": "the older name of --form",
  "--traces <files>": "traces to learn on, separated by commas (default: the manifest's training split)",
  "--manifest <file>": "names the splits (default traces/manifest.json)",
  "--rate-scale <x>": "multiply the traces' rates (default: the manifest's; product: anew each episode)",
  "--profiles <names>": "functions to simulate: stress, api, io, heavy",
  "--steps <n>": "steps of the environment, all together (live: default 480)",
  "--seed <text>": "seed of everything (default 1)",
  "--engine <name>": "wasm (default) or tfjs",
  "--env <sim|live>": "live: on the platform that 'up' runs from this home, a window a step",
  "--function <name>": "live: the function (default: the first that is managed)",
  "--rollout-steps <n>": "live: windows between two updates (default 60)",
  "--workers <n>": "threads; the result does not depend on them (default: the cores, at most 4)",
  "--checkpoint-every <n>": "steps between two checkpoints (default 20000; live: each update)",
  "--out <folder>": "checkpoints in step-N, log.csv, and event files for TensorBoard",
  "--resume": "go on from the latest checkpoint in the folder, or from --step",
  "--step <n>": "the checkpoint to go on from",
  "--serving-only": "write the last checkpoint alone, without what going on takes, and no logs",
} as const;

export default command({
  name: "train",
  description: "an agent learns, in the simulator or live; Ctrl-C saves a checkpoint that goes on with --resume",
  options: OPTIONS,
  /** Exit code 130 when the person ended it: a checkpoint is saved all the same. */
  async run(flags, world) {
    // Episodes leave garbage that V8 would let double the heap before it looks; so it stays within a fifth, at no speed.
    setFlagsFromString("--heap-growing-percent=20");
    const options = readTrainFlags(flags);
    const end = await train(options, { ...world, openLive: (place) => openLive(place, world) });
    for (const line of endLines(end)) world.say(line);
    return end.isStopped ? 130 : 0;
  },
});

/** Throws one `ConfigError` with every problem. */
function readTrainFlags(flags: FlagsOf<typeof OPTIONS>): TrainOptions {
  const read = readFlags();
  if (flags.agent === undefined) read.problem(`--agent is missing: one of ${AGENT_NAMES.join(", ")}`);
  const env = read.choice("env", flags.env, ["sim", "live"], "sim");
  const isLive = env === "live";
  if (flags.steps === undefined && !isLive) read.problem("--steps is missing: how many steps of the environment?");
  if (flags.out === undefined) read.problem("--out is missing: the folder for checkpoints and logs");
  if (isLive) read.refuse({ profiles: flags.profiles }, "belongs to --env sim");
  else read.refuse({ function: flags.function, rolloutSteps: flags.rolloutSteps }, "belongs to --env live");
  if (flags.resume && flags.servingOnly) {
    read.problem("--resume and --serving-only exclude each other: what serves only cannot go on");
  }
  if (flags.step !== undefined && !flags.resume) read.problem("--step says where to --resume, which is missing");
  if (flags.form !== undefined && flags.objective !== undefined)
    read.problem("--form and --objective are the same; give one");
  const counts = { least: 1, most: 1_000_000_000, whole: true };
  const { live, checkpointSteps, workers } = TRAIN_DEFAULTS;
  const rolloutSteps = read.number("rollout-steps", flags.rolloutSteps, live.rolloutSteps, { ...counts, least: 2 });
  const options: TrainOptions = {
    env,
    agent: read.choice("agent", flags.agent, AGENT_NAMES, "lstm-ppo-plus"),
    form: read.choice(flags.form === undefined ? "objective" : "form", flags.form ?? flags.objective, FORMS, "product"),
    traces: read.list("traces", flags.traces),
    manifest: flags.manifest ?? DEFAULT_MANIFEST,
    rateScale: read.number("rate-scale", flags.rateScale, null, { least: 1e-6, most: 1e6 }),
    profiles: read.list("profiles", flags.profiles).map((name) => {
      const known = Object.keys(PROFILES) as ProfileName[];
      const found = known.find((profile) => profile === name);
      if (!found) read.problem(`--profiles must be of ${known.join(", ")}, was: '${name}'`);
      return found ?? "stress";
    }),
    steps: read.number("steps", flags.steps, isLive ? live.steps : 1, counts),
    seed: flags.seed ?? "1",
    engine: read.choice("engine", flags.engine, ["wasm", "tfjs"], "wasm"),
    workers: read.number("workers", flags.workers, Math.min(workers, availableParallelism()), { ...counts, most: 64 }),
    checkpointEvery: read.number(
      "checkpoint-every",
      flags.checkpointEvery,
      isLive ? rolloutSteps : checkpointSteps,
      counts,
    ),
    out: flags.out ?? "",
    resume: flags.resume ?? false,
    step: read.number("step", flags.step, null, { ...counts, least: 0 }),
    servingOnly: flags.servingOnly ?? false,
    functionName: flags.function ?? null,
    rolloutSteps,
  };
  read.done();
  return options;
}

async function openLive(place: LivePlaceOptions, { home, say, signal }: World): Promise<LivePlace> {
  // What works on a platform is large, and a simulation has no use for it.
  const { openSession } = await import("#shared/live/episodes/session.ts");
  return openSession({ ...place, home, say, signal });
}

function endLines({ steps, isStopped, savedIn, live }: TrainingEnd): string[] {
  return [
    `${isStopped ? "stopped" : "done"} after ${steps} steps: ${savedIn}`,
    ...(live
      ? [
          `${live.steps} windows of '${live.functionName}' played; the fallback rule decided ${live.ruled}, ${live.lost} were lost`,
        ]
      : []),
    ...(isStopped ? ["the same command with --resume goes on from there"] : []),
  ];
}
