/** The kinds of refusals of a server: what is not there, what another client did first, what is not ours to do. */
import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";

/** The code for a stream whose name another one has. */
export const NAME_IN_USE = 10058;
/** The code for a write after another one than it names. */
export const WRONG_LAST_SEQUENCE = 10071;

/** Whether JetStream refused with this code. */
export function hasCode(thrown: unknown, code: number): boolean {
  return thrown instanceof JetStreamApiError && thrown.code === code;
}

/** Null for what is not there. */
export async function orNull<T>(asking: Promise<T>): Promise<T | null> {
  try {
    return await asking;
  } catch (thrown) {
    if (thrown instanceof JetStreamApiError && thrown.status === 404) return null;
    throw thrown;
  }
}

/** Whether the server said that we may not. */
export function isNotAllowed(thrown: unknown): boolean {
  if (thrown instanceof errors.PermissionViolationError) return true;
  return thrown instanceof Error && thrown.cause !== undefined && isNotAllowed(thrown.cause);
}
