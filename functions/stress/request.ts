/** What a call of the stress function may ask for, and its bounds. */
import { BadInputError } from "#shared/core/errors.ts";
import { spoken } from "#shared/core/spoken.ts";

/** The work that a call asks for. */
export interface StressRequest {
  /** CPU time to burn. */
  readonly cpuMs: number;
  /** Wall time to wait, before burning. */
  readonly sleepMs: number;
  /** Memory to hold during the call. */
  readonly allocateMb: number;
  /** HTTP status to answer with. */
  readonly status: number;
  /** Least size of the answer. */
  readonly bytes: number;
}

interface Field {
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

const FIELDS: Readonly<Record<keyof StressRequest, Field>> = {
  cpuMs: { fallback: 10, least: 0, most: 60_000, whole: false },
  sleepMs: { fallback: 0, least: 0, most: 60_000, whole: false },
  allocateMb: { fallback: 0, least: 0, most: 1_024, whole: false },
  status: { fallback: 200, least: 200, most: 599, whole: true },
  bytes: { fallback: 0, least: 0, most: 10 * 2 ** 20, whole: true },
};
const NAMES = Object.keys(FIELDS) as readonly (keyof StressRequest)[];

/** Fields from a JSON body go before those from the query. Throws `BadInputError` with one sentence. */
export function readStressRequest(bodyText: string, query: Readonly<Record<string, unknown>>): StressRequest {
  const asked: Readonly<Record<string, unknown>> = { ...query, ...readObject(bodyText) };
  for (const name of Object.keys(asked)) {
    if (!(NAMES as readonly string[]).includes(name)) {
      throw new BadInputError(`'${name.slice(0, 40)}' is not known; known are ${NAMES.join(", ")}`);
    }
  }
  return Object.fromEntries(NAMES.map((name) => [name, readField(name, asked[name])])) as unknown as StressRequest;
}

function readObject(bodyText: string): object {
  if (bodyText.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(bodyText);
  } catch {
    value = null;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new BadInputError(`the body must be a JSON object like {"cpuMs": 10}, was '${bodyText.slice(0, 40)}'`);
}

function readField(name: keyof StressRequest, value: unknown): number {
  const { fallback, least, most, whole } = FIELDS[name];
  if (value === undefined) return fallback;
  const number = typeof value === "number" ? value : typeof value === "string" && value !== "" ? Number(value) : NaN;
  if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number;
  const kind = whole ? "a whole number" : "a number";
  throw new BadInputError(`${name} must be ${kind} from ${least} to ${most}, was '${spoken(value, 40)}'`);
}
