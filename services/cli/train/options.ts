/** The flags of `train`, read and checked at once. */
import { BadInputError } from "#shared/core/errors.ts";
import { AGENT_NAMES, FORMS, type AgentName, type Form } from "#shared/rl/agents.ts";
import { PROFILES, type ProfileName } from "#shared/sim/profiles.ts";
import { DEFAULT_MANIFEST } from "#shared/evaluation/files/manifest.ts";
import { readFlags } from "#shared/config/flags.ts";
import type { EngineName } from "#shared/training/collect.ts";

export interface TrainFlags {
  readonly agent?: string;
  readonly objective?: string;
  readonly traces?: string;
  readonly manifest?: string;
  readonly rateScale?: string;
  readonly profiles?: string;
  readonly steps?: string;
  readonly seed?: string;
  readonly engine?: string;
  readonly env?: string;
  readonly workers?: string;
  readonly checkpointEvery?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly step?: string;
  readonly servingOnly?: boolean;
  readonly function?: string;
  readonly rolloutSteps?: string;
}

export interface TrainOptions {
  readonly env: "sim" | "live";
  readonly agent: AgentName;
  readonly form: Form;
  /** Empty: those of the manifest's training split. */
  readonly traces: readonly string[];
  readonly manifest: string;
  /** Null: the manifest's, or 1. */
  readonly rateScale: number | null;
  /** Empty: as the form has it. */
  readonly profiles: readonly ProfileName[];
  readonly steps: number;
  readonly seed: string;
  readonly engine: EngineName;
  readonly workers: number;
  readonly checkpointEvery: number;
  readonly out: string;
  readonly resume: boolean;
  /** Where to go on; null: the latest. */
  readonly step: number | null;
  readonly servingOnly: boolean;
  /** Live: null is the first that is managed. */
  readonly functionName: string | null;
  /** Live: windows between two updates. */
  readonly rolloutSteps: number;
}

const MOST_STEPS = 1_000_000_000;
const DEFAULT_CHECKPOINT_STEPS = 20_000;

/** A step is a window: so many are four hours of trace time, an update every half hour. */
const DEFAULT_LIVE = { steps: 480, rolloutSteps: 60 } as const;

/** Throws one `ConfigError` with every problem. `cores`: of this machine. */
export function readTrainFlags(flags: TrainFlags, cores: number): TrainOptions {
  const read = readFlags();
  if (flags.agent === undefined) read.problem(`--agent is missing: one of ${AGENT_NAMES.join(", ")}`);
  const env = read.choice("env", flags.env, ["sim", "live"], "sim");
  const isLive = env === "live";
  if (flags.steps === undefined && !isLive) read.problem("--steps is missing: how many steps of the environment?");
  if (flags.out === undefined) read.problem("--out is missing: the folder for checkpoints and logs");
  for (const [name, given] of Object.entries(isLive ? simulatedOnly(flags) : liveOnly(flags))) {
    if (given !== undefined) read.problem(`--${name} belongs to --env ${isLive ? "sim" : "live"}`);
  }
  if (flags.resume === true && flags.servingOnly === true) {
    read.problem("--resume and --serving-only exclude each other: what serves only cannot go on");
  }
  if (flags.step !== undefined && flags.resume !== true)
    read.problem("--step says where to --resume, which is missing");
  const profiles = read.list("profiles", flags.profiles).map((name) => {
    const known = Object.keys(PROFILES) as ProfileName[];
    const found = known.find((profile) => profile === name);
    if (!found) read.problem(`--profiles must be of ${known.join(", ")}, was: '${name}'`);
    return found ?? "stress";
  });
  const counts = { least: 1, most: MOST_STEPS, whole: true };
  const rolloutSteps = read.number("rollout-steps", flags.rolloutSteps, DEFAULT_LIVE.rolloutSteps, {
    ...counts,
    least: 2,
  });
  const checkpointSteps = isLive ? rolloutSteps : DEFAULT_CHECKPOINT_STEPS;
  const options: TrainOptions = {
    env,
    agent: read.choice("agent", flags.agent, AGENT_NAMES, "lstm-ppo-plus"),
    form: read.choice("objective", flags.objective, FORMS, "product"),
    traces: read.list("traces", flags.traces),
    manifest: flags.manifest ?? DEFAULT_MANIFEST,
    rateScale:
      flags.rateScale === undefined ? null : read.number("rate-scale", flags.rateScale, 1, { least: 1e-6, most: 1e6 }),
    profiles,
    steps: read.number("steps", flags.steps, isLive ? DEFAULT_LIVE.steps : 1, counts),
    seed: flags.seed ?? "1",
    engine: read.choice("engine", flags.engine, ["wasm", "tfjs"], "wasm"),
    workers: read.number("workers", flags.workers, Math.min(4, cores), { least: 1, most: 64, whole: true }),
    checkpointEvery: read.number("checkpoint-every", flags.checkpointEvery, checkpointSteps, counts),
    out: flags.out ?? "",
    resume: flags.resume ?? false,
    step: flags.step === undefined ? null : read.number("step", flags.step, 0, { ...counts, least: 0 }),
    servingOnly: flags.servingOnly ?? false,
    functionName: flags.function ?? null,
    rolloutSteps,
  };
  read.done();
  return options;
}

function simulatedOnly({ profiles }: TrainFlags) {
  return { profiles };
}

function liveOnly({ function: functionName, rolloutSteps }: TrainFlags) {
  return { function: functionName, "rollout-steps": rolloutSteps };
}

/** Going on is going on with the same training. */
export function mustMatch(what: string, asked: string, recorded: string): void {
  if (asked !== recorded) {
    throw new BadInputError(`--resume: the checkpoint's ${what} is '${recorded}', asked for was '${asked}'`);
  }
}
