/** What a command is. Its options are declared once, and the types of its flags follow from them. */
import type { Command as Program } from "commander";

import type { ProgressOutput } from "#shared/core/progress.ts";

/** What each flag means, by the flag: `--seed <n>` takes a value, `--readme [file]` may take one, `--json` takes none. */
export type Options = Readonly<Record<`--${string}`, string>>;

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type NameOf<K> = K extends `--${infer Name} ${string}`
  ? Camel<Name>
  : K extends `--${infer Name}`
    ? Camel<Name>
    : never;
type ValueOf<K> = K extends `${string} <${string}`
  ? string
  : K extends `${string} [${string}`
    ? string | boolean
    : boolean;

/** Flags as they are given: `--from-window <n>` is `fromWindow`, a text. */
export type FlagsOf<O> = { readonly [K in keyof O as NameOf<K>]?: ValueOf<K> };

/** What a command gets of the world. */
export interface World {
  /** Where a platform keeps what it must remember, and a note that it runs. */
  readonly home: string;
  /** The folder of the bundles. */
  readonly dist: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As typed, for the record. */
  readonly command: string;
  /** Lines for people: on stderr where stdout is to hold one JSON document. */
  readonly say: (line: string) => void;
  /** The one JSON document. */
  readonly answer: (json: string) => void;
  readonly progress: ProgressOutput;
  /** Of the terminal. */
  readonly columns: () => number;
  /** Aborts on Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Bundles of worker threads, files of the report, and the models that travel along. */
  readonly workerScript: string;
  readonly threadScript: string;
  readonly reportAssets: string;
  readonly modelsFolder: string;
}

/** A command: its name, its options, and what it does. */
export interface Command<O extends Options = Options> {
  readonly name: string;
  readonly description: string;
  /** `<file>` must be given, `[folder]` may be; and what it is. */
  readonly argument?: readonly [name: string, description: string];
  readonly options: O;
  /** Resolves with the exit code, none is 0. Rejects with `BadInputError` for input that cannot be used. */
  run(flags: FlagsOf<O>, world: World, argument?: string): Promise<number | void>;
}

/** Takes the types of the flags from the options. */
export function command<const O extends Options>(one: Command<O>): Command {
  return one as unknown as Command;
}

/** `worldOf`: a world for flags; `exit`: takes the exit code. */
export function addTo(
  program: Program,
  one: Command,
  worldOf: (flags: FlagsOf<Options>) => World,
  exit: (code: number) => void,
): void {
  const added = program.command(one.name).description(one.description);
  if (one.argument) added.argument(...one.argument);
  for (const [flag, meaning] of Object.entries(one.options)) added.option(flag, meaning);
  added.action(async (...given: unknown[]) => {
    const argument = one.argument ? (given[0] as string | undefined) : undefined;
    const flags = given[one.argument ? 1 : 0] as FlagsOf<Options>;
    exit((await one.run(flags, worldOf(flags), argument)) ?? 0);
  });
}
