/** A server that lets us in, but not to everything: what it refuses is not ours to do. */
import { errors } from "@nats-io/transport-node";

/** Whether the server said that we may not. */
export function isNotAllowed(thrown: unknown): boolean {
  if (thrown instanceof errors.PermissionViolationError) return true;
  return thrown instanceof Error && thrown.cause !== undefined && isNotAllowed(thrown.cause);
}
