/** All that a NATS server keeps of a stream, read at the end of a test by somebody who acknowledges nothing. */
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

import { decodeEvent } from "#shared/events/codec.ts";
import type { EventKind } from "#shared/events/subjects.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import type { LocalStack } from "#services/local-openfaas/start/local-stack.ts";

export async function keptEvents<K extends EventKind>(
  { busAccess }: Pick<LocalStack, "busAccess">,
  kind: K,
): Promise<ReplicantEvent<K>[]> {
  const { servers, user, password, token } = busAccess.as("admin");
  const nc = await connect({
    servers: [...servers],
    ...(user && password && { user, pass: password }),
    ...(token && { token }),
  });
  try {
    const jsm = await jetstreamManager(nc);
    const { state } = await jsm.streams.info("REPLICANT");
    const events: ReplicantEvent<K>[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await jsm.streams.getMessage("REPLICANT", { seq });
      if (message?.subject === `replicant.${kind}`) events.push(decodeEvent(kind, message.data));
    }
    return events;
  } finally {
    await nc.close();
  }
}
