/** Fields of a document, checked one by one; every sentence says where, what must be, and what was. */
import { BadInputError } from "../../core/errors.ts";

/** What a number of a document must be. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

/** An object of a document, by its place in it (`loads[3] 'azure-1'`). Throws `BadInputError`. */
export class Fields {
  constructor(
    /** Begins every sentence: file and place. */
    readonly where: string,
    readonly values: Readonly<Record<string, unknown>>,
  ) {}

  static of(where: string, value: unknown): Fields {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new BadInputError(`${where} must be an object, was: ${shown(value)}`);
    }
    return new Fields(where, value as Record<string, unknown>);
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  /** Refuses fields that were not read: they may be meant to change something. */
  only(names: readonly string[]): void {
    for (const name of Object.keys(this.values)) {
      if (!names.includes(name)) throw new BadInputError(`${this.where}: there is no field '${name}'`);
    }
  }

  /** An error about this field, to be thrown. */
  bad(name: string, must: string): BadInputError {
    return new BadInputError(`${this.where}: ${name} must be ${must}, was: ${shown(this.values[name])}`);
  }

  /** The field as a text that fits the pattern. Throws `BadInputError` where it is none. */
  text(name: string, pattern: RegExp, must: string): string {
    const value = this.values[name];
    if (typeof value === "string" && pattern.test(value)) return value;
    throw this.bad(name, must);
  }

  /** The field as one of the known texts. Throws `BadInputError` where it is none. */
  choice<T extends string>(name: string, known: readonly T[]): T {
    const found = known.find((one) => one === this.values[name]);
    if (found === undefined) throw this.bad(name, `one of ${known.join(", ")}`);
    return found;
  }

  /** The field as a number within the bounds. Throws `BadInputError` where it is none. */
  number(name: string, { least, most, whole = false }: Bounds): number {
    const value = this.values[name];
    const isNumber = typeof value === "number" && value >= least && value <= most;
    if (isNumber && (!whole || Number.isInteger(value))) return value;
    throw this.bad(name, `a ${whole ? "whole " : ""}number from ${least} to ${most}`);
  }

  optionalNumber(name: string, bounds: Bounds): number | undefined {
    return this.has(name) ? this.number(name, bounds) : undefined;
  }

  /** The field as a list. Throws `BadInputError` where it is none. */
  list(name: string): readonly unknown[] {
    const value = this.values[name];
    if (Array.isArray(value) && value.length > 0) return value;
    throw this.bad(name, "a list with an entry");
  }
}

function shown(value: unknown): string {
  if (value === undefined) return "'missing'";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `'${text.length > 60 ? `${text.slice(0, 59)}…` : text}'`;
}
