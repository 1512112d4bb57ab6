/** Policy names carry their options: `name[:option[,option…]]`, where an option is `key=value` or a bare word. */
import { BadInputError } from "../core/errors.ts";

interface NumberRange {
  readonly least: number;
  readonly most?: number;
  readonly whole?: boolean;
}

/** The options of one name, read one by one; `done` refuses those that were not read. */
export class PolicyOptions {
  readonly name: string;
  readonly #values = new Map<string, string>();
  readonly #words: string[] = [];

  constructor(readonly text: string) {
    const colon = text.indexOf(":");
    this.name = (colon === -1 ? text : text.slice(0, colon)).trim();
    if (colon === -1) return;
    for (const option of text.slice(colon + 1).split(",")) {
      const equals = option.indexOf("=");
      if (equals === -1) this.#words.push(option.trim());
      else {
        const key = option.slice(0, equals).trim();
        if (this.#values.has(key)) throw this.problem(`${key} is given twice`);
        this.#values.set(key, option.slice(equals + 1).trim());
      }
    }
  }

  /** An error about this policy's name, to be thrown. */
  problem(sentence: string): BadInputError {
    return new BadInputError(`policy '${this.text}': ${sentence}`);
  }

  /** `key=value` as a number, or `otherwise` where it is not given. */
  number<T extends number | null>(key: string, otherwise: T, range: NumberRange): number | T {
    const text = this.#values.get(key);
    if (text === undefined) return otherwise;
    this.#values.delete(key);
    return this.#check(key, text, range);
  }

  /** The single bare word as a number; refused where it is missing. */
  bareNumber(what: string, range: NumberRange): number {
    const word = this.#words.shift();
    if (word === undefined) throw this.problem(`${what} is missing, for example '${this.name}:3'`);
    return this.#check(what, word, range);
  }

  /** A bare word out of a few, or `otherwise` where there is none. */
  word<W extends string>(known: readonly W[], otherwise: W): W {
    const word = this.#words[0];
    if (word === undefined) return otherwise;
    const found = known.find((candidate) => candidate === word);
    if (found === undefined) throw this.problem(`'${word}' is none of ${known.join(", ")}`);
    this.#words.shift();
    return found;
  }

  /** `key=value` out of a few, or `otherwise` where it is not given. */
  choice<W extends string>(key: string, known: readonly W[], otherwise: W): W {
    const text = this.#values.get(key);
    if (text === undefined) return otherwise;
    this.#values.delete(key);
    const found = known.find((candidate) => candidate === text);
    if (found === undefined) throw this.problem(`${key} must be one of ${known.join(", ")}, was: '${text}'`);
    return found;
  }

  /** Call last: what is left over is a mistake of the person who wrote it. */
  done(): void {
    const left = [...this.#words, ...this.#values.keys()];
    if (left.length > 0) throw this.problem(`unknown option ${left.map((option) => `'${option}'`).join(", ")}`);
  }

  #check(key: string, text: string, { least, most = Infinity, whole = false }: NumberRange): number {
    const value = Number(text);
    const fits =
      text !== "" && Number.isFinite(value) && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (fits) return value;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw this.problem(`${key} must be a ${whole ? "whole " : ""}number ${range}, was: '${text}'`);
  }
}
