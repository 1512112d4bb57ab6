/** What a replay is asked for, with defaults and bounds. */
import { BadInputError } from "#shared/core/errors.ts";
import type { LoadWindow, ReplayTotals } from "#shared/core/load.ts";
import type { Schedule } from "../traces/schedule.ts";
import type { RequestRecord } from "./records.ts";

/** What `replay` sends, where to and how fast. */
export interface ReplayOptions {
  readonly runId: string;
  readonly functionName: string;
  readonly schedule: Schedule;
  /** Where each request is POSTed. */
  readonly url: string;
  /** The body of a request of this relative work. */
  readonly bodyOf: (work: number) => string;
  /** Added to `Content-Type: application/json`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** One real second sends so many seconds of the schedule. */
  readonly timeLapse?: number;
  /** Wall clock at which trace time and wall time agree; by default the start. Only for the instants that are reported. */
  readonly epochMs?: number;
  /** Wall clock; when it is past, and by default, the replay begins at once. */
  readonly startAtMs?: number;
  /** Real time; above the gateway's own limit, so that its errors are seen as such. */
  readonly timeoutMs?: number;
  /** How long answers are waited for after the last request, real time; the rest is unfinished. */
  readonly drainMs?: number;
  /** Requests beyond so many in flight are shed, and recorded. */
  readonly maxInFlight?: number;
  /** Seconds of trace time at the start that count neither for latencies nor for the SLO. */
  readonly warmUpSeconds?: number;
  /** Trace time, from intended to end. */
  readonly sloSeconds?: number | null;
  /** Stops the replay at once: nothing more is sent, and what is in flight is cut off and counts as unfinished. */
  readonly signal?: AbortSignal;
  readonly onWindow?: (window: LoadWindow, totals: ReplayTotals) => void;
  /** Each request when it is over, in that order. */
  readonly onRecord?: (record: RequestRecord) => void;
}

/** What `ReplayOptions` come to where they are left out. */
const REPLAY_DEFAULTS = {
  timeLapse: 1,
  timeoutMs: 65_000,
  maxInFlight: 2_000,
  warmUpSeconds: 0,
  sloSeconds: null,
} as const;

type Limits = Required<
  Pick<ReplayOptions, "timeLapse" | "timeoutMs" | "drainMs" | "maxInFlight" | "warmUpSeconds" | "sloSeconds">
>;

/** Options with every limit filled in. */
export type CheckedOptions<T> = T & Limits;

/** Fills in defaults. Throws `BadInputError` for an option out of range; also for callers that must know before they act. */
export function checkReplayOptions<T extends Partial<Limits>>(asked: T): CheckedOptions<T> {
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const drainMs = asked.timeoutMs ?? REPLAY_DEFAULTS.timeoutMs;
  const options = { ...REPLAY_DEFAULTS, drainMs, ...given } as CheckedOptions<T>;
  const atLeast = (name: string, value: number, least: number) => {
    if (value >= least && value < Infinity) return;
    throw new BadInputError(`${name} must be at least ${least}, was ${value}`);
  };
  atLeast("the time-lapse", options.timeLapse, 1);
  atLeast("the timeout in ms", options.timeoutMs, 1);
  atLeast("the drain time in ms", options.drainMs, 0);
  atLeast("the limit of requests in flight", options.maxInFlight, 1);
  atLeast("the warm-up in s", options.warmUpSeconds, 0);
  if (options.sloSeconds !== null) atLeast("the SLO in s", options.sloSeconds, 0);
  return options;
}
