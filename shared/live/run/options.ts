/** What a run of the whole stack is: a platform, its policy, and the load that is replayed on it. */
import type { GatewayProfile } from "../../deploy/gateway-profile.ts";

/** The options of a run, as the command line gives them. */
export interface LiveRunOptions {
  /** Null: no load, the platform stays up until it is interrupted. */
  readonly trace: string | null;
  readonly format: string | null;
  /** Windows of the trace that are skipped. */
  readonly fromWindow: number;
  readonly rateScale: number;
  /** Seconds of trace time in a real one. */
  readonly timeLapse: number;
  /** Null: until the trace or the person ends it. */
  readonly windows: number | null;
  /** As `--policy` names it; null: the stack file's own. */
  readonly policy: string | null;
  /** Of the gateway; 0 lets the system choose. */
  readonly port: number;
  readonly seed: string;
  readonly profile: GatewayProfile;
  /** The stack file. */
  readonly stack: string;
  /** Passes on what the platform logs. */
  readonly verbose: boolean;
  /** Checks the guard's promises at the end. */
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
  fromWindow: 418,
  rateScale: 6,
  timeLapse: 10,
  windows: 62,
  policy: "lstm-ppo-plus@product@held",
} as const;
