/** Reads the flags of a command line one by one, and reports every problem at once. */
import { ConfigError } from "../core/errors.ts";

/** The range of a number, bounds included. */
export interface NumberBounds {
  readonly least: number;
  /** `Infinity`: any finite number. */
  readonly most: number;
  readonly whole?: boolean;
}

/** Each method takes a flag's name without dashes, and its text: undefined where it is absent. */
export interface FlagReader {
  /** Absent: `otherwise`. */
  number<T extends number | null>(
    name: string,
    text: string | undefined,
    otherwise: T,
    bounds: NumberBounds,
  ): number | T;
  /** Separated by commas, each once. */
  numbers<T extends readonly number[] | null>(
    name: string,
    text: string | undefined,
    otherwise: T,
    bounds: NumberBounds,
  ): readonly number[] | T;
  choice<T extends string, U extends T | null>(
    name: string,
    text: string | undefined,
    known: readonly T[],
    otherwise: U,
  ): T | U;
  /** Split at commas, without blanks; absent: an empty list. */
  list(name: string, text: string | undefined): readonly string[];
  /** An http or https address; absent: null. */
  url(name: string, text: string | undefined): string | null;
  /** A problem for each of these flags that is given, `fromWindow` for instance: its name is followed by `sentence`. */
  refuse(given: Readonly<Record<string, unknown>>, sentence: string): void;
  problem(sentence: string): void;
  /** Call last: throws a `ConfigError` when there was any problem. */
  done(): void;
}

/** A reader without any problem so far. */
export function readFlags(): FlagReader {
  const problems: string[] = [];
  const check = (name: string, text: string, { least, most, whole = false }: NumberBounds): number | null => {
    const value = Number(text);
    if (
      text.trim() !== "" &&
      Number.isFinite(value) &&
      value >= least &&
      value <= most &&
      (!whole || Number.isInteger(value))
    )
      return value;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    problems.push(`--${name} must be a ${whole ? "whole " : ""}number ${range}, was: '${text}'`);
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
    url(name, text) {
      if (text === undefined) return null;
      if (!/^https?:\/\/[^\s/]+/.test(text)) problems.push(`--${name} must be an http(s) URL, was: '${text}'`);
      return text;
    },
    refuse(given, sentence) {
      for (const [name, value] of Object.entries(given)) {
        const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        if (value !== undefined) problems.push(`--${flag} ${sentence}`);
      }
    },
    problem: (sentence) => void problems.push(sentence),
    done() {
      if (problems.length > 0) throw new ConfigError(problems);
    },
  };
}
