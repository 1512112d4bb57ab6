/** Where there is only one: the lease that is always held. */
import type { Lease } from "../../ports/lease.ts";

/** A lease that this process always holds; without a fencing number. */
export function soleLease(): Lease {
  return {
    kind: "none",
    fencing: null,
    problem: null,
    actWithinMs: 30_000,
    isHeld: () => true,
    onChange: (listener) => listener(true),
    run: async () => {},
  };
}
