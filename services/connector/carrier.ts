/** Delivers events of one kind to one function in one signed call: one as it is, several as a JSON list. */
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import { SUBJECTS, type EventKind } from "#shared/events/subjects.ts";
import { signCall } from "#shared/host/signature.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";
import type { Parcel } from "./parcel.ts";

/** What deliveries need: the gateway, the wall clock and the key. */
export interface CarrierDeps {
  readonly gateway: Pick<FunctionGateway, "invoke">;
  readonly clock: Pick<Clock, "nowMs">;
  /** The key that signs calls now; null leaves them unsigned. */
  readonly key: () => string | null;
}

/** Never rejects: answers for each event why the function did not accept it, or null. */
export type Carry = (
  functionName: string,
  kind: EventKind,
  parcels: readonly Parcel[],
) => Promise<readonly (string | null)[]>;

interface Called {
  /** Null: there was no answer. */
  readonly status: number | null;
  /** Null: the function accepted it. */
  readonly problem: string | null;
}

/** The call is refused for its signature or because the function is busy: its events one by one would be refused too. */
const CALL_REFUSED: ReadonlySet<number> = new Set([401, 429]);

/** The function that delivers events through `gateway`, signed by the key of the moment. */
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

  return async (functionName, kind, parcels) => {
    const bodies = parcels.map(({ body }) => body);
    const problems: (string | null)[] = [];
    if (bodies.length > 1) {
      const { status, problem } = await call(functionName, kind, `[${bodies.join(",")}]`);
      const isRefused = status !== null && status >= 400 && status < 500 && !CALL_REFUSED.has(status);
      if (!isRefused) return bodies.map(() => problem);
      // One bad event must not hold back the others of its list.
    }
    for (const body of bodies) problems.push((await call(functionName, kind, body)).problem);
    return problems;
  };
}
