/** Reads stack.yml as faas-cli does: substitution first, then YAML, unknown keys ignored. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

import { BadInputError, messageOf } from "../core/errors.ts";
import { spoken } from "../core/spoken.ts";

/** One function of a stack file, variables substituted. */
export interface StackFunction {
  readonly name: string;
  /** Folder with the built handler. */
  readonly handler: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  readonly requests: Readonly<Record<string, string>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** `${NAME}`, `${NAME:-default}`, `${NAME=default}`; unset and without default → empty, as faas-cli's envsubst does. */
export function substitute(text: string, variables: Variables): string {
  // Piece by piece between closing braces: a pattern with the brace in it would seek one from every `${`.
  const pieces = text.split("}");
  const rest = pieces.pop()!;
  const replaced = pieces.map((piece) => {
    const [all, name, fallback = ""] = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(?::-|=)(.*))?$/s.exec(piece) ?? [];
    if (all === undefined) return `${piece}}`;
    return piece.slice(0, -all.length) + (variables[name!] || fallback);
  });
  return replaced.join("") + rest;
}

/** Reads and parses a stack file. Throws `BadInputError`. */
export function readStack(file: string, variables: Variables): StackFunction[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new BadInputError(`cannot read the stack file '${file}'`);
  }
  return parseStack(text, file, variables);
}

/** The functions of a stack, in file order. Throws `BadInputError` with one sentence naming the file. */
export function parseStack(text: string, file: string, variables: Variables): StackFunction[] {
  let document: unknown;
  try {
    document = parse(substitute(text, variables));
  } catch (thrown) {
    throw new BadInputError(`${file}: ${messageOf(thrown).split("\n")[0]}`);
  }
  const root = asRecord(document, file, "the file");
  const provider = asRecord(root["provider"] ?? {}, file, "provider");
  if (provider["name"] !== "openfaas") {
    throw new BadInputError(`${file}: provider.name must be 'openfaas', was: '${spoken(provider["name"] ?? "", 80)}'`);
  }
  return Object.entries(asRecord(root["functions"] ?? {}, file, "functions")).map(([name, value]) => {
    const given = asRecord(value, file, `functions.${name}`);
    const at = (key: string) => `functions.${name}.${key}`;
    const strings = (key: string) =>
      Object.fromEntries(
        Object.entries(asRecord(given[key] ?? {}, file, at(key))).map(([inner, entry]) => [inner, textOf(entry)]),
      );
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      throw new BadInputError(
        `${file}: a function's name is lower-case letters, digits and '-', was: '${spoken(name, 80)}'`,
      );
    }
    const secrets = given["secrets"] ?? [];
    if (!Array.isArray(secrets)) throw new BadInputError(`${file}: ${at("secrets")} must be a list`);
    return {
      name,
      handler: required(given["handler"], file, at("handler")),
      image: required(given["image"], file, at("image")),
      environment: strings("environment"),
      secrets: secrets.map(textOf),
      labels: strings("labels"),
      annotations: strings("annotations"),
      limits: strings("limits"),
      requests: strings("requests"),
    };
  });
}

function asRecord(value: unknown, file: string, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BadInputError(`${file}: ${what} must be a map of names to values`);
}

function required(value: unknown, file: string, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new BadInputError(`${file}: ${what} must be a text, was: '${spoken(value ?? "", 80)}'`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}
