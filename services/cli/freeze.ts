/** `replicant freeze` and `thaw`: nothing is scaled, up or down, until it is said again. A signed call to the scaler; no bus is needed. */
import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";

import { BadInputError } from "#shared/core/errors.ts";
import { keysOf } from "#shared/host/keyring.ts";
import type { GatewayFlags } from "#shared/live/find-platform.ts";

type Action = "freeze" | "thaw";

interface FreezeFlags extends GatewayFlags {
  readonly keyFile?: string;
  readonly by?: string;
  readonly scaler?: string;
}

export interface FreezeWorld {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `withGateway` adds the flags that every command beside a platform has. */
export function registerFreeze(program: Command, withGateway: (command: Command) => Command, world: FreezeWorld): void {
  const sentences = {
    freeze: "scale nothing any more, up or down, until thaw; decisions go on and say so",
    thaw: "scale again what was frozen",
  };
  for (const action of ["freeze", "thaw"] as const) {
    withGateway(program.command(action).description(sentences[action]))
      .argument("[function]", action === "freeze" ? "this one alone (default: everything)" : "this one alone")
      .option("--key-file <file>", "a file with replicant-key; else the secret of the platform in this home")
      .option("--scaler <url>", "the scaler's own address, where it is no function (default: through the gateway)")
      .option("--by <name>", "who is named in every decision (default: this user)")
      .action(async (functionName: string | undefined, flags: FreezeFlags) => {
        const said = await order(action, functionName ?? null, flags, world);
        (said.isKept ? console.log : console.error)(said.isKept ? said.sentence : `replicant: ${said.sentence}`);
        process.exitCode = said.isKept ? 0 : 1;
      });
  }
}

interface Answered {
  readonly frozen?: string;
  readonly kept?: readonly string[];
  readonly problems?: readonly string[];
  readonly error?: string;
}

/** Throws `BadInputError` for a name, key or address that cannot be used. */
async function order(action: Action, functionName: string | null, flags: FreezeFlags, { home, env }: FreezeWorld) {
  const [{ connect }, { onePart }, { signedCall }] = await Promise.all([
    import("#shared/live/find-platform.ts"),
    import("#shared/adapters/openfaas/one-part.ts"),
    import("#shared/live/signed-call.ts"),
  ]);
  const key = keyOf(flags.keyFile ?? join(home, "secrets", "replicant-key"));
  const { scaler } = flags;
  if (scaler !== undefined && !(URL.canParse(scaler) && /^https?:/.test(scaler))) {
    throw new BadInputError(`--scaler must be an http or https address, was '${scaler}'`);
  }
  const { gateway, url } = scaler === undefined ? connect(flags, home, env) : { gateway: onePart(scaler), url: scaler };
  const where = scaler === undefined ? `behind ${url}` : `at ${url}`;
  const request = { action, functionName, by: flags.by ?? userInfo().username };
  const { status, body } = await signedCall({ gateway, key }, "scaler", request, 45_000).catch((thrown: unknown) => {
    throw new Error(`the scaler ${where} did not answer, so nothing is ${past(action)}`, { cause: thrown });
  });
  const answered = parsed(body);
  if (status === 400 || status === 401 || status === 404) {
    throw new BadInputError(answered.error ?? `there is no scaler ${where}: HTTP ${status}`);
  }
  const { frozen, problems = [] } = answered;
  if (frozen === undefined) throw new Error(`the scaler did not take the order: HTTP ${status} ${body.slice(0, 200)}`);
  const also = problems.length > 0 ? ` (${problems.join("; ")})` : "";
  const isKept = status === 200;
  const lost = action === "freeze" ? ", but a restart would forget it" : ", for it could not be kept";
  return { isKept, sentence: `frozen: ${frozen}${isKept ? "" : lost}${also}` };
}

const past = (action: Action) => (action === "freeze" ? "frozen" : "thawed");

function keyOf(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new BadInputError(`cannot read the key '${file}': give --key-file, or the home of the platform`);
  }
  const key = keysOf(text)[0];
  if (!key) throw new BadInputError(`there is no key in '${file}'`);
  return key;
}

function parsed(body: string): Answered {
  try {
    return (JSON.parse(body) ?? {}) as Answered;
  } catch {
    return {};
  }
}
