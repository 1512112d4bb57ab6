/**
 * Subscribes to events only while this scaler holds the lease: several of them share one durable delivery, and those on standby
 * would take events away from the one that acts.
 */
import type { Subscription } from "#shared/ports/event-bus.ts";
import type { Lease } from "#shared/ports/lease.ts";

interface Leadership {
  lead(): Promise<readonly Subscription[]>;
  /** Resolves when the work in hand has ended. */
  stepDown(subscriptions: readonly Subscription[]): Promise<void>;
}

/** Until `signal` aborts; the lease is released after the last act. Rejects when the bus refuses a subscription. */
export async function leadWhileHeld(
  lease: Pick<Lease, "onChange" | "run">,
  { lead, stepDown }: Leadership,
  signal: AbortSignal,
): Promise<void> {
  const leaving = new AbortController();
  let leading: readonly Subscription[] | null = null;
  let changing: Promise<void> = Promise.resolve();
  let fail: (thrown: unknown) => void = () => {};
  const ending = new Promise<void>((resolve, reject) => {
    fail = reject;
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

  async function become(held: boolean): Promise<void> {
    if (held === (leading !== null)) return;
    if (held) {
      leading = await lead();
      return;
    }
    const subscriptions = leading!;
    leading = null;
    await stepDown(subscriptions);
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
