/** Reads flags one by one and tells every problem at once. */
import { ConfigError } from "../core/errors.ts";

export interface NumberBounds {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

export interface FlagReader {
  /** Absent: `otherwise`. */
  number(name: string, text: string | undefined, otherwise: number, bounds: NumberBounds): number;
  numbers(
    name: string,
    text: string | undefined,
    otherwise: readonly number[],
    bounds: NumberBounds,
  ): readonly number[];
  choice<T extends string>(name: string, text: string | undefined, known: readonly T[], otherwise: T): T;
  /** Split at commas, without blanks; absent: an empty list. */
  list(name: string, text: string | undefined): readonly string[];
  problem(sentence: string): void;
  /** Call last: throws a `ConfigError` when there was any problem. */
  done(): void;
}

export function readFlags(): FlagReader {
  const problems: string[] = [];
  const check = (name: string, text: string, { least, most, whole = false }: NumberBounds): number | null => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    problems.push(`--${name} must be a ${whole ? "whole " : ""}number from ${least} to ${most}, was: '${text}'`);
    return null;
  };
  return {
    number: (name, text, otherwise, bounds) =>
      text === undefined ? otherwise : (check(name, text, bounds) ?? otherwise),
    numbers(name, text, otherwise, bounds) {
      if (text === undefined) return otherwise;
      const values = text.split(",").map((one) => check(name, one, bounds));
      if (new Set(values).size < values.length && !values.includes(null)) {
        problems.push(`--${name} must name each value once, was: '${text}'`);
      }
      return values.filter((value) => value !== null);
    },
    choice(name, text, known, otherwise) {
      if (text === undefined) return otherwise;
      const found = known.find((one) => one === text);
      if (found === undefined) problems.push(`--${name} must be one of ${known.join(", ")}, was: '${text}'`);
      return found ?? otherwise;
    },
    list(name, text) {
      if (text === undefined) return [];
      const pieces = text.split(",").map((piece) => piece.trim());
      if (pieces.includes("")) problems.push(`--${name} has an empty entry: '${text}'`);
      return pieces.filter((piece) => piece !== "");
    },
    problem: (sentence) => void problems.push(sentence),
    done() {
      if (problems.length > 0) throw new ConfigError(problems);
    },
  };
}
