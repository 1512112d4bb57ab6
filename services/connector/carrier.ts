/** Events of one kind to one function, in one signed call: an event by itself, several as a list. */
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import { encodeEvent } from "#shared/events/codec.ts";
import { SUBJECTS, type EventKind } from "#shared/events/subjects.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import { signCall } from "#shared/host/signature.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";

export interface CarrierDeps {
  readonly gateway: Pick<FunctionGateway, "invoke">;
  readonly clock: Pick<Clock, "nowMs">;
  /** The key that signs calls now; null leaves them unsigned. */
  readonly key: () => string | null;
}

/** Never rejects: answers for each event why the function did not take it, or null. */
export type Carry = (
  functionName: string,
  kind: EventKind,
  events: readonly ReplicantEvent[],
) => Promise<readonly (string | null)[]>;

interface Called {
  /** Null: no answer came. */
  readonly status: number | null;
  /** Null: the function took it. */
  readonly problem: string | null;
}

/** It is the signature, or that there is no room for a call now, not one of the events: one by one they would fare no better. */
const OF_THE_CALL: ReadonlySet<number> = new Set([401, 429]);

export function createCarrier({ gateway, clock, key }: CarrierDeps): Carry {
  async function call(functionName: string, kind: EventKind, body: string): Promise<Called> {
    const present = key();
    const signed = present === null ? {} : signCall(present, functionName, body, clock.nowMs());
    const headers = {
      "Content-Type": "application/json",
      "X-Topic": SUBJECTS[kind],
      "X-Connector": "replicant",
      ...signed,
    };
    try {
      const { status, body: answer } = await gateway.invoke(functionName, body, headers);
      if (status >= 200 && status < 300) return { status, problem: null };
      return { status, problem: `${functionName} answered HTTP ${status}: ${answer.slice(0, 200)}` };
    } catch (thrown) {
      return { status: null, problem: `${functionName} did not answer: ${messageOf(thrown)}` };
    }
  }

  return async (functionName, kind, events) => {
    const bodies = events.map((event) => Buffer.from(encodeEvent(event)).toString("utf8"));
    const problems: (string | null)[] = [];
    if (bodies.length > 1) {
      const { status, problem } = await call(functionName, kind, `[${bodies.join(",")}]`);
      const isRefused = status !== null && status >= 400 && status < 500 && !OF_THE_CALL.has(status);
      if (!isRefused) return bodies.map(() => problem);
      // One bad event shall not keep back those that came in the same moment.
    }
    for (const body of bodies) problems.push((await call(functionName, kind, body)).problem);
    return problems;
  };
}
