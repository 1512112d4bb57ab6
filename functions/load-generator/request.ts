/** What a replay may be asked for, and its bounds. */
import { BadInputError } from "#shared/core/errors.ts";
import { spoken } from "#shared/core/spoken.ts";
import { GAP_RULES, type GapRule, TRACE_FORMATS, type TraceFormat } from "#shared/traces/trace.ts";

/** Durations are seconds of trace time. */
export interface ReplayRequest {
  /** Shipped, by name, with `#<selection>` if wanted; or the text of a file in any known format. */
  readonly trace:
    | { readonly kind: "shipped"; readonly name: string }
    | {
        readonly kind: "text";
        readonly name: string;
        readonly text: string;
        readonly selection: string | null;
        readonly format: TraceFormat | undefined;
      };
  readonly functionName: string;
  readonly seed: number | string;
  readonly gapRule: GapRule;
  readonly rateScale: number;
  readonly fromSeconds: number;
  readonly durationSeconds: number | null;
  readonly windowSeconds: number;
  readonly warmUpSeconds: number;
  readonly timeLapse: number;
  readonly meanCpuSeconds: number;
  readonly workCv: number;
  readonly sloSeconds: number | null;
  readonly maxInFlight: number;
  /** Wall clock; null = at once. */
  readonly startAtMs: number | null;
}

/** What a request may leave out. */
export interface RequestDefaults {
  readonly timeLapse: number;
  /** Also the most that may be asked for. */
  readonly maxInFlight: number;
}

/** A start further ahead is a mistake: a run holds the generator until it is over. */
export const MAX_START_AHEAD_MS = 600_000;

const KNOWN: readonly (keyof ReplayRequest | "traceText" | "traceName" | "selection" | "format" | "work")[] = [
  ...([
    "trace",
    "traceText",
    "traceName",
    "selection",
    "format",
    "functionName",
    "seed",
    "gapRule",
    "rateScale",
  ] as const),
  ...(["fromSeconds", "durationSeconds", "windowSeconds", "warmUpSeconds", "timeLapse", "work"] as const),
  ...(["sloSeconds", "maxInFlight", "startAtMs"] as const),
];

type Fields = Readonly<Record<string, unknown>>;

/** Reads the body of a call. Throws `BadInputError` with one sentence. */
export function readReplayRequest(asked: Fields, defaults: RequestDefaults, nowMs: number): ReplayRequest {
  const unknown = Object.keys(asked).find((name) => !(KNOWN as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new BadInputError(`'${unknown.slice(0, 40)}' is not known; known are ${KNOWN.join(", ")}`);
  }
  const work = asObject(asked["work"] ?? {}, "work");
  return {
    trace: readTraceChoice(asked),
    functionName: text(
      asked,
      "functionName",
      "stress",
      /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
      "the name of a function",
    ),
    seed: readSeed(asked["seed"]),
    gapRule: oneOf(asked, "gapRule", GAP_RULES) ?? "uniform",
    rateScale: number(asked, "rateScale", 1, 1e-6, 1e6),
    fromSeconds: number(asked, "fromSeconds", 0, 0, 1e9),
    durationSeconds: numberOrNull(asked, "durationSeconds", 1e-3, 1e9),
    windowSeconds: number(asked, "windowSeconds", 30, 1, 3_600),
    warmUpSeconds: number(asked, "warmUpSeconds", 0, 0, 1e9),
    timeLapse: number(asked, "timeLapse", defaults.timeLapse, 1, 1_000),
    meanCpuSeconds: number(work, "meanCpuSeconds", 0.1, 0, 60, "work."),
    workCv: number(work, "cv", 0, 0, 100, "work."),
    sloSeconds: numberOrNull(asked, "sloSeconds", 1e-3, 3_600),
    maxInFlight: number(asked, "maxInFlight", defaults.maxInFlight, 1, defaults.maxInFlight),
    startAtMs: numberOrNull(asked, "startAtMs", 0, nowMs + MAX_START_AHEAD_MS),
  };
}

/** Throws `BadInputError` that begins with `name` for anything but an object. */
export function asObject(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BadInputError(`${name} must be a JSON object, was ${quote(value)}`);
}

function readTraceChoice(asked: Fields): ReplayRequest["trace"] {
  const { trace, traceText } = asked;
  if ((trace === undefined) === (traceText === undefined)) {
    throw new BadInputError("exactly one of trace (a name or a list of counts per 30 s) and traceText must be given");
  }
  const name = text(asked, "traceName", "trace", /^[^\0\n]{1,1000}$/, "a name");
  const selection =
    asked["selection"] === undefined ? null : text(asked, "selection", "", /^[^\0\n]{1,200}$/, "a text");
  const format = oneOf(asked, "format", TRACE_FORMATS);
  if (Array.isArray(trace)) return { kind: "text", name, text: JSON.stringify(trace), selection, format: "counts-30s" };
  if (trace !== undefined)
    return { kind: "shipped", name: text(asked, "trace", "", /^[^\0\n]{1,400}$/, "a name or a list") };
  if (typeof traceText !== "string") throw new BadInputError(`traceText must be a text, was ${quote(traceText)}`);
  return { kind: "text", name, text: traceText, selection, format };
}

function readSeed(seed: unknown): number | string {
  if (seed === undefined) return 1;
  if ((typeof seed === "number" && Number.isFinite(seed)) || (typeof seed === "string" && seed.length <= 200))
    return seed;
  throw new BadInputError(`seed must be a number or a text, was ${quote(seed)}`);
}

function number(fields: Fields, name: string, fallback: number, least: number, most: number, parent = ""): number {
  const value = fields[name];
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new BadInputError(`${parent}${name} must be a number from ${least} to ${most}, was ${quote(value)}`);
}

function numberOrNull(fields: Fields, name: string, least: number, most: number): number | null {
  const value = fields[name];
  return value === undefined || value === null ? null : number(fields, name, 0, least, most);
}

function text(fields: Fields, name: string, fallback: string, pattern: RegExp, what: string): string {
  const value = fields[name];
  if (value === undefined) return fallback;
  if (typeof value === "string" && pattern.test(value)) return value;
  throw new BadInputError(`${name} must be ${what}, was ${quote(value)}`);
}

function oneOf<T extends string>(fields: Fields, name: string, allowed: readonly T[]): T | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new BadInputError(`${name} must be one of ${allowed.join(", ")}, was ${quote(value)}`);
}

function quote(value: unknown): string {
  return `'${spoken(value, 40)}'`;
}
