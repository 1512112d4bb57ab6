/** Hears events only while the lease is held: the others share a durable delivery, and would take them away from the one that acts. */
import type { Subscription } from "#shared/ports/event-bus.ts";
import type { Lease } from "#shared/ports/lease.ts";

interface Tenure {
  listen(): Promise<readonly Subscription[]>;
  fallSilent(subscriptions: readonly Subscription[]): Promise<void>;
}

/** Until `signal` aborts; the lease is given back after the last act. Rejects when the bus takes no subscription. */
export async function whileHeld(
  lease: Pick<Lease, "onChange" | "run">,
  { listen, fallSilent }: Tenure,
  signal: AbortSignal,
): Promise<void> {
  const leaving = new AbortController();
  let listening: readonly Subscription[] | null = null;
  let changing: Promise<void> = Promise.resolve();
  let fail: (thrown: unknown) => void = () => {};
  const ending = new Promise<void>((resolve, reject) => {
    fail = reject;
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

  async function become(held: boolean): Promise<void> {
    if (held === (listening !== null)) return;
    if (held) {
      listening = await listen();
      return;
    }
    const subscriptions = listening!;
    listening = null;
    await fallSilent(subscriptions);
  }

  lease.onChange((held) => {
    changing = changing.then(() => become(held && !signal.aborted)).catch(fail);
  });
  const leasing = lease.run(leaving.signal);
  try {
    await ending;
  } finally {
    changing = changing.then(() => become(false));
    await changing.catch(() => {});
    leaving.abort();
    await leasing;
  }
}
