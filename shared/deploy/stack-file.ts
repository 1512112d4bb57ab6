/** A stack file like another one, with fewer functions and other annotations. */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { parse, stringify } from "yaml";

import { BadInputError } from "../core/errors.ts";

/** How the new stack file differs. */
export interface StackChanges {
  /** Others are left out. */
  readonly keep: readonly string[];
  /** Added to the annotations of this function. */
  readonly annotate: { readonly functionName: string; readonly annotations: Readonly<Record<string, string>> };
}

interface RawFunction {
  handler?: string;
  annotations?: Record<string, string>;
}

/** Variables stay as they are, for whoever reads the new file; handlers are the same folders, seen from there. Throws `BadInputError`. */
export async function writeStackLike(file: string, newFile: string, { keep, annotate }: StackChanges): Promise<void> {
  const document = parse(await readFile(file, "utf8")) as { functions?: Record<string, RawFunction> };
  const functions: Record<string, RawFunction> = {};
  for (const name of keep) {
    const found = document.functions?.[name];
    if (!found) throw new BadInputError(`${file} has no function '${name}'`);
    const handler = relative(dirname(resolve(newFile)), resolve(dirname(file), found.handler ?? ""));
    const added = name === annotate.functionName ? annotate.annotations : {};
    functions[name] = { ...found, handler, annotations: { ...found.annotations, ...added } };
  }
  await writeFile(newFile, stringify({ ...document, functions }));
}
