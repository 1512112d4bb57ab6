/** `replicant set-up-bus`: the stream and the buckets on a NATS server whose users are those of the table. */
import { once } from "node:events";

import { setUpBus } from "#shared/adapters/nats/set-up.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { userOf } from "#shared/events/bus-users.ts";
import { busAccess } from "../local-openfaas/index.ts";
import { command, type World } from "./command.ts";

const CONNECT_MS = 10_000;

export default command({
  name: "set-up-bus",
  description:
    "on a NATS server of yours: the stream and the buckets, which no part may make; logs in as NATS_USER=admin",
  options: {
    "--keep": "stay, and make them again whenever the server comes back without its store",
    "--subject-prefix <prefix>": "first token of every subject (default replicant)",
  },
  run: setUp,
});

/** Throws `BadInputError` for a server without JetStream; otherwise what the bus says. */
export async function setUp(
  { keep = false, subjectPrefix = "replicant" }: { readonly keep?: boolean; readonly subjectPrefix?: string },
  world: Pick<World, "env" | "signal" | "say">,
): Promise<void> {
  const { env, signal, say } = world;
  const url = env["NATS_URL"];
  if (!url)
    throw new BadInputError("NATS_URL must be the address of the bus; NATS_USER and NATS_PASSWORD are those of admin");
  const access = busAccess({ kind: "external", url, token: env["NATS_TOKEN"] || null, passwords: null }, env);
  const login = access.as("admin");
  if (userOf(login.user ?? "") !== null) {
    throw new BadInputError(
      `'${login.user}' may not set up the bus: NATS_USER and NATS_PASSWORD must be those of admin`,
    );
  }
  const options = {
    ...{ ...login, name: "replicant-set-up", subjectPrefix, isOurServer: false },
    ...(!keep && { connectTimeoutMs: CONNECT_MS }),
  };
  const made = await setUpBus(options, systemClock, say);
  if (made === null)
    throw new BadInputError("the NATS server has no JetStream: there is nothing to set up, and nothing is kept");
  say(`there: ${made.streams.join(", ")}`);
  try {
    if (keep && !signal.aborted) await once(signal, "abort");
  } finally {
    await made.close();
  }
}
