/** Finds the platform a command is meant for: named by flags, or the one that `up` started from this home. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { BadInputError } from "#shared/core/errors.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";

export interface GatewayFlags {
  readonly gateway?: string;
  readonly user?: string;
  readonly passwordFile?: string;
}

/** Where `up` notes the address of its gateway. */
const noteOf = (home: string) => join(home, "gateway-url");

export function noteGateway(home: string, url: string): () => void {
  writeFileSync(noteOf(home), `${url}\n`, { mode: 0o600 });
  return () => rmSync(noteOf(home), { force: true });
}

/** Flags first, then `OPENFAAS_URL`, then what `up` noted. Throws `BadInputError` when nothing tells an address. */
export function connect(
  flags: GatewayFlags,
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly url: string; readonly gateway: FunctionGateway } {
  const url = flags.gateway ?? (env["OPENFAAS_URL"] || readIfThere(noteOf(home)));
  if (!url) throw new BadInputError(`no gateway: give --gateway, set OPENFAAS_URL, or start one with 'replicant up'`);
  const password = readIfThere(flags.passwordFile ?? join(home, "basic-auth-password"));
  if (password === null && flags.passwordFile !== undefined) {
    throw new BadInputError(`cannot read the password file '${flags.passwordFile}'`);
  }
  const user = password === null ? null : (flags.user ?? "admin");
  return { url, gateway: openfaasGateway({ url, user, password }) };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
