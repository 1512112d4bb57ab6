/** Finds the platform a command is meant for: named by flags, or the one that `up` started from this home. */
import { join } from "node:path";

import { removeFile, replaceFile } from "../adapters/files/durable-file.ts";
import { nodeFiles } from "../adapters/files/node-files.ts";
import { stored } from "../adapters/files/storage-error.ts";
import type { GatewayAddress } from "../adapters/openfaas/client.ts";
import { openfaasGateway } from "../adapters/openfaas/function-gateway.ts";
import { BadInputError } from "../core/errors.ts";
import type { FunctionGateway } from "../ports/function-gateway.ts";
import { readIfThere } from "./if-there.ts";

/** A gateway as a person names it: what is absent is looked up. */
export interface ChosenGateway {
  /** Its address. */
  readonly gateway?: string | undefined;
  /** Default `admin`. */
  readonly user?: string | undefined;
  /** A file with its password. */
  readonly passwordFile?: string | undefined;
}

/** The platform that runs from a home, for the commands beside it. Holds no secrets. */
export interface RunningPlatform {
  /** The gateway; of a provider alone, the one that is said to be in front of it. */
  readonly url: string;
  /** The platform itself. */
  readonly platformUrl: string;
  /** What stack.yml asks of its surroundings. */
  readonly variables: Readonly<Record<string, string>>;
}

const noteOf = (home: string) => join(home, "running.json");

/** Resolves when the note can be read, with what takes it away again. Throws `StorageError`. */
export async function noteRunning(home: string, running: RunningPlatform): Promise<() => Promise<void>> {
  const text = `${JSON.stringify(running, null, 2)}\n`;
  await stored("the note of the running platform could not be stored", () =>
    replaceFile(nodeFiles, noteOf(home), text),
  );
  // A note that stays is of no harm: its readers find that nothing answers there.
  return async () => void (await removeFile(nodeFiles, noteOf(home)).catch(() => false));
}

/** What a platform noted when it started; it may have been killed since. Null when there is no note, or none that can be read. */
export function readRunning(home: string): RunningPlatform | null {
  const text = readIfThere(noteOf(home));
  if (text === null) return null;
  try {
    return JSON.parse(text) as RunningPlatform;
  } catch {
    return null; // cut by a kill of an earlier version, which wrote in place
  }
}

/** The gateway's password of the platform in this home; null where there is none. */
export function passwordOf(home: string): string | null {
  return readIfThere(join(home, "basic-auth-password"));
}

/** The gateway that was named, else `OPENFAAS_URL`, else the one a platform noted. Throws `BadInputError` where there is none. */
export function addressOf(
  chosen: ChosenGateway,
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): GatewayAddress {
  const url = chosen.gateway ?? (env["OPENFAAS_URL"] || readRunning(home)?.url);
  if (!url) throw new BadInputError(`no gateway: give --gateway, set OPENFAAS_URL, or start one with 'replicant up'`);
  const password = chosen.passwordFile === undefined ? passwordOf(home) : readIfThere(chosen.passwordFile);
  if (password === null && chosen.passwordFile !== undefined) {
    throw new BadInputError(`cannot read the password file '${chosen.passwordFile}'`);
  }
  return { url, user: password === null ? null : (chosen.user ?? "admin"), password };
}

/** Throws `BadInputError` where no gateway is found. */
export function connect(
  chosen: ChosenGateway,
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly url: string; readonly gateway: FunctionGateway } {
  const address = addressOf(chosen, home, env);
  return { url: address.url, gateway: openfaasGateway(address) };
}
