/** What `up` was asked for, checked: every problem in one go. */
import { ConfigError } from "#shared/core/errors.ts";

export interface UpFlags {
  readonly demo?: boolean;
  readonly trace?: string;
  readonly format?: string;
  readonly fromWindow?: string;
  readonly rateScale?: string;
  readonly timeLapse?: string;
  readonly windows?: string;
  readonly policy?: string;
  readonly port?: string;
  readonly seed?: string;
  readonly profile?: string;
  readonly stack?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly verify?: boolean;
}

export interface UpOptions {
  /** Null: no load, the platform stays up until it is told to end. */
  readonly trace: string | null;
  readonly format: string | null;
  readonly fromWindow: number;
  readonly rateScale: number;
  readonly timeLapse: number;
  /** Null: until the trace or the user ends it. */
  readonly windows: number | null;
  readonly policy: string | null;
  readonly port: number;
  readonly seed: string;
  readonly profile: "open" | "ce";
  readonly stack: string;
  readonly json: boolean;
  readonly verbose: boolean;
  /** Ends with the guard's promises, checked. */
  readonly verify: boolean;
}

/**
 * The demo: 62 windows of the seed's trace from half past three in the morning, where quiet and busy spells alternate;
 * rates × 6, ten times as fast, or slower where the machine is busy (`pace.ts`). A request of 0.1 CPU-seconds takes a second
 * on a replica of 0.1 core, so to keep its P95 within 3 s a replica may be busy a third of the time: the needed count swings
 * between 2 and 12. Our own LSTM-PPO+ proposes, held by ticks; `--policy` names another.
 */
export const DEMO = {
  trace: "traces/seed_request_count_raw_30s.json",
  fromWindow: "418",
  rateScale: "6",
  timeLapse: "10",
  windows: "62",
  policy: "lstm-ppo-plus@product@held",
} as const;

export function readUpFlags(flags: UpFlags): UpOptions {
  const problems: string[] = [];
  const given = flags.demo ? { ...DEMO, ...defined(flags) } : flags;

  const number = (
    name: string,
    text: string | undefined,
    fallback: number,
    least: number,
    most: number,
    whole: boolean,
  ) => {
    if (text === undefined) return fallback;
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    problems.push(`--${name} must be a ${whole ? "whole " : ""}number from ${least} to ${most}, was: '${text}'`);
    return fallback;
  };
  const profile = given.profile ?? "open";
  if (profile !== "open" && profile !== "ce") problems.push(`--profile must be open or ce, was: '${profile}'`);

  const options: UpOptions = {
    trace: given.trace ?? null,
    format: given.format ?? null,
    fromWindow: number("from-window", given.fromWindow, 0, 0, 10_000_000, true),
    rateScale: number("rate-scale", given.rateScale, 1, 0.001, 10_000, false),
    timeLapse: number("time-lapse", given.timeLapse, 1, 1, 100, false),
    windows: given.windows === undefined ? null : number("windows", given.windows, 1, 1, 1_000_000, true),
    policy: given.policy ?? null,
    port: number("port", given.port, 8080, 0, 65_535, true),
    seed: given.seed ?? "1",
    profile: profile === "ce" ? "ce" : "open",
    stack: given.stack ?? "stack.yml",
    json: given.json ?? false,
    verbose: given.verbose ?? false,
    verify: given.verify ?? false,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return options;
}

function defined(flags: UpFlags): UpFlags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
