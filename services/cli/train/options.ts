/** The flags of `train`, read and checked at once. */
import { BadInputError } from "#shared/core/errors.ts";
import { AGENT_NAMES, FORMS, type AgentName, type Form } from "#shared/rl/settings.ts";
import { PROFILES, type ProfileName } from "#shared/sim/profiles.ts";
import { DEFAULT_MANIFEST } from "../evaluate/manifest.ts";
import { readFlags } from "../flags.ts";
import type { EngineName } from "./collect.ts";

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
}

export interface TrainOptions {
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
}

const MOST_STEPS = 1_000_000_000;
const DEFAULT_CHECKPOINT_STEPS = 20_000;

/** Throws one `ConfigError` with every problem. `cores`: of this machine. */
export function readTrainFlags(flags: TrainFlags, cores: number): TrainOptions {
  const read = readFlags();
  if (flags.agent === undefined) read.problem(`--agent is missing: one of ${AGENT_NAMES.join(", ")}`);
  if (flags.steps === undefined) read.problem("--steps is missing: how many steps of the environment?");
  if (flags.out === undefined) read.problem("--out is missing: the folder for checkpoints and logs");
  if (flags.env !== undefined && flags.env !== "sim") {
    read.problem(
      flags.env === "live"
        ? "--env live cannot be used: training takes place in the simulator (sim)"
        : `--env must be sim, was: '${flags.env}'`,
    );
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
  const options: TrainOptions = {
    agent: read.choice("agent", flags.agent, AGENT_NAMES, "lstm-ppo-plus"),
    form: read.choice("objective", flags.objective, FORMS, "product"),
    traces: read.list("traces", flags.traces),
    manifest: flags.manifest ?? DEFAULT_MANIFEST,
    rateScale:
      flags.rateScale === undefined ? null : read.number("rate-scale", flags.rateScale, 1, { least: 1e-6, most: 1e6 }),
    profiles,
    steps: read.number("steps", flags.steps, 1, counts),
    seed: flags.seed ?? "1",
    engine: read.choice("engine", flags.engine, ["wasm", "tfjs"], "wasm"),
    workers: read.number("workers", flags.workers, Math.min(4, cores), { least: 1, most: 64, whole: true }),
    checkpointEvery: read.number("checkpoint-every", flags.checkpointEvery, DEFAULT_CHECKPOINT_STEPS, counts),
    out: flags.out ?? "",
    resume: flags.resume ?? false,
    step: flags.step === undefined ? null : read.number("step", flags.step, 0, { ...counts, least: 0 }),
    servingOnly: flags.servingOnly ?? false,
  };
  read.done();
  return options;
}

/** Going on is going on with the same training. */
export function mustMatch(what: string, asked: string, recorded: string): void {
  if (asked !== recorded) {
    throw new BadInputError(`--resume: the checkpoint's ${what} is '${recorded}', asked for was '${asked}'`);
  }
}
