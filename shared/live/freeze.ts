/** Freezing and thawing: nothing is scaled, up or down, until thawed. A signed call of the scaler; no bus is needed. */
import { userInfo } from "node:os";
import { join } from "node:path";

import { onePart } from "../adapters/openfaas/one-part.ts";
import { BadInputError } from "../core/errors.ts";
import { keysOf } from "../host/keyring.ts";
import { connect, type ChosenGateway } from "./find-platform.ts";
import { readIfThere } from "./if-there.ts";
import { signedCall } from "./signed-call.ts";

/** What an order does. */
export type FreezeAction = "freeze" | "thaw";

/** An order to the scaler, as the command line gives it. */
export interface FreezeOrder {
  readonly action: FreezeAction;
  /** Null: everything. */
  readonly functionName: string | null;
  /** Who is named in every decision; null: this user. */
  readonly by: string | null;
  /** A file with `replicant-key`; null: the secret of the platform in this home. */
  readonly keyFile: string | null;
  /** The scaler's own address, where it is no function; null: through the gateway. */
  readonly scaler: string | null;
  readonly gateway: ChosenGateway;
}

/** What the scaler answers to an order. */
export interface FreezeAnswer {
  /** Whether the scaler stored the order, so that it survives a restart. */
  readonly isStored: boolean;
  /** What is frozen now, for people. */
  readonly sentence: string;
}

const WITHIN_MS = 45_000;

interface Answered {
  readonly frozen?: string;
  readonly kept?: readonly string[];
  readonly problems?: readonly string[];
  readonly error?: string;
}

/** Throws `BadInputError` for a name, key or address that cannot be used. */
export async function orderFreeze(
  order: FreezeOrder,
  { home, env }: { readonly home: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<FreezeAnswer> {
  const { action, functionName, scaler } = order;
  const key = keyOf(order.keyFile ?? join(home, "secrets", "replicant-key"));
  if (scaler !== null && !(URL.canParse(scaler) && /^https?:/.test(scaler))) {
    throw new BadInputError(`--scaler must be an http or https address, was '${scaler}'`);
  }
  const { gateway, url } =
    scaler === null ? connect(order.gateway, home, env) : { gateway: onePart(scaler), url: scaler };
  const where = scaler === null ? `behind ${url}` : `at ${url}`;
  const request = { action, functionName, by: order.by ?? userInfo().username };
  const { status, body } = await signedCall({ gateway, key }, "scaler", request, WITHIN_MS).catch((thrown: unknown) => {
    throw new Error(`the scaler ${where} did not answer, so nothing is ${past(action)}`, { cause: thrown });
  });
  const answered = parsed(body);
  if (status === 400 || status === 401 || status === 404) {
    throw new BadInputError(answered.error ?? `there is no scaler ${where}: HTTP ${status}`);
  }
  const { frozen, problems = [] } = answered;
  if (frozen === undefined) throw new Error(`the scaler did not take the order: HTTP ${status} ${body.slice(0, 200)}`);
  const also = problems.length > 0 ? ` (${problems.join("; ")})` : "";
  const isStored = status === 200;
  const lost = action === "freeze" ? ", but a restart would forget it" : ", for it could not be kept";
  return { isStored, sentence: `frozen: ${frozen}${isStored ? "" : lost}${also}` };
}

const past = (action: FreezeAction) => (action === "freeze" ? "frozen" : "thawed");

function keyOf(file: string): string {
  const text = readIfThere(file);
  if (text === null) {
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
