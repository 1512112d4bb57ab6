/** Reads untrusted JSON, field by field; what does not fit is named with its value. */
import { BadInputError } from "../../core/errors.ts";

interface NumberRange {
  readonly least?: number;
  readonly most?: number;
  readonly whole?: boolean;
}

/** Names and commands are for people: what is longer is none. */
const MAX_TEXT = 10_000;
const MAX_KEPT = 1_000_000;

/** The text of a JSON file, parsed; `name` is the file's. */
export function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new BadInputError(`${name}: is not JSON`);
  }
}

/** An object of such a file, at `path`. */
export class Fields {
  readonly #path: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw problem(path, "an object", value);
    this.#path = path;
    this.#values = value as Readonly<Record<string, unknown>>;
  }

  /** The value as it is; undefined when there is none. */
  raw(key: string): unknown {
    return Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
  }

  pathOf(key: string): string {
    return this.#path.endsWith(":") ? `${this.#path} ${key}` : `${this.#path}.${key}`;
  }

  isNull(key: string): boolean {
    return this.raw(key) === null;
  }

  /** The value as an object. Throws `BadInputError` where it is none. */
  object(key: string): Fields {
    return new Fields(this.raw(key), this.pathOf(key));
  }

  /** An object of which nothing is read, only kept: it must be one that can be written again. */
  anything(key: string): Readonly<Record<string, unknown>> {
    const value = this.raw(key);
    const { length } = written(value);
    if (typeof value !== "object" || value === null || Array.isArray(value) || length > MAX_KEPT)
      throw problem(this.pathOf(key), `an object of at most ${MAX_KEPT} characters`, value);
    return value as Readonly<Record<string, unknown>>;
  }

  /** The value as a number within the range. Throws `BadInputError` where it is none. */
  number(key: string, range: NumberRange = {}): number {
    return numberOf(this.raw(key), this.pathOf(key), range);
  }

  /** The value as a text of bounded length. Throws `BadInputError` where it is none. */
  text(key: string): string {
    const value = this.raw(key);
    if (typeof value !== "string" || value.length > MAX_TEXT) throw problem(this.pathOf(key), "a text", value);
    return value;
  }

  /** The value as a boolean. Throws `BadInputError` where it is none. */
  boolean(key: string): boolean {
    const value = this.raw(key);
    if (typeof value !== "boolean") throw problem(this.pathOf(key), "true or false", value);
    return value;
  }

  /** The value as one of the known texts. Throws `BadInputError` where it is none. */
  oneOf<T extends string>(key: string, known: readonly T[]): T {
    const value = this.raw(key);
    const found = known.find((one) => one === value);
    if (found === undefined) throw problem(this.pathOf(key), `one of ${known.join(", ")}`, value);
    return found;
  }

  /** The value as a list of at most `most` values, each read by `of`. Throws `BadInputError` where it is none. */
  list<T>(key: string, most: number, of: (value: unknown, path: string) => T): T[] {
    const value = this.raw(key);
    if (!Array.isArray(value) || value.length > most)
      throw problem(this.pathOf(key), `a list of at most ${most}`, value);
    return value.map((one, i) => of(one, `${this.pathOf(key)}[${i}]`));
  }
}

/** The value as a number within the range. Throws `BadInputError` that names `path` where it is none. */
export function numberOf(
  value: unknown,
  path: string,
  { least = -Infinity, most = Infinity, whole }: NumberRange = {},
) {
  const fits =
    typeof value === "number" &&
    Number.isFinite(value) &&
    value >= least &&
    value <= most &&
    (!whole || Number.isInteger(value));
  if (fits) return value;
  const bounds = [
    ...(least === -Infinity ? [] : [`at least ${least}`]),
    ...(most === Infinity ? [] : [`at most ${most}`]),
  ].join(" and ");
  throw problem(path, `a ${whole ? "whole " : ""}number${bounds && ` of ${bounds}`}`, value);
}

function problem(path: string, want: string, was: unknown): BadInputError {
  const text = was === undefined ? "missing" : written(was);
  return new BadInputError(`${path} must be ${want}, was: '${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`);
}

/** As JSON; what is nested too deeply for it is given by its type. */
function written(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}
