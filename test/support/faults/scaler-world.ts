/** A scaler alone on a bus by hand, whatever platform it is given; all that passes is recorded and ends in the promises' checker. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import { soleLease } from "#shared/adapters/lease/sole-lease.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import type { Applied } from "#shared/core/decision.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { checkPromises } from "#test/support/check-promises.ts";
import type { RecordedEvent } from "#shared/guard/promises.ts";
import { makeEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import type { Log } from "#shared/host/log.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import type { Lease } from "#shared/ports/lease.ts";
import type { ManagedFunctions } from "#shared/ports/managed-functions.ts";
import type { ScaleTarget } from "#shared/ports/scale-target.ts";
import { aProposal } from "#test/support/a-decision.ts";
import { aManaged, aTick, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { runScaler } from "#test/support/running-scaler.ts";
import { createScaler } from "#services/scaler/scaler.ts";

export const MANAGED = aManaged({ maxReplicas: 12 });

export interface ScalerPlatform {
  readonly target: ScaleTarget;
  readonly functions?: ManagedFunctions;
  /** What the collector would measure. */
  readonly replicas: () => number;
}

export async function startScalerWorld(t: TestContext, platform: ScalerPlatform) {
  const clock = new ManualClock();
  const bus = memoryBus({ clock });
  const record: RecordedEvent[] = [];
  const decided: Applied[] = [];
  const said: string[] = [];
  const note = (fields: object, message: string) => void said.push(`${message}: ${JSON.stringify(fields)}`);
  const log: Log = { info: () => {}, debug: () => {}, warn: note, error: note };
  for (const kind of ["tick", "window", "proposal"] as const) {
    await bus.subscribe(kind, async (event) => void record.push(event));
  }
  await bus.subscribe("applied", async (event) => void (record.push(event), decided.push(event.data)));

  const functions = platform.functions ?? { list: async () => ({ managed: [MANAGED], problems: [] }) };
  async function start(lease: Lease = soleLease()) {
    const scaler = createScaler({
      ...{ bus, target: platform.target, functions, fallback: policyByName("openfaas-pro"), settings: GUARD_DEFAULTS },
      ...{ lease, clock, monotonic: clock, log, windowSeconds: 30, activity: new Activity(() => clock.nowMs()) },
    });
    return runScaler(t, scaler);
  }
  t.after(() => {
    const { broken, read } = checkPromises(record);
    assert.deepEqual(broken, [], "the guard's promises");
    assert.equal(read.applied, decided.length);
  });

  const about = (source: string, key: string | number) => ({ source, subject: "stress", key, nowMs: clock.nowMs() });
  let seq = 0;
  return {
    ...{ clock, bus, decided, said, start },
    /** Ticks to the end of the next window, closes it, proposes, and waits for its decision. */
    async window(proposedReplicas: number, inFlight = 1): Promise<Applied> {
      seq++;
      const counts = () => ({ desiredReplicas: platform.replicas(), availableReplicas: platform.replicas() });
      for (let atMs = seq * 30_000 - 28_000; atMs <= seq * 30_000; atMs += 2_000) {
        await clock.advance(atMs - clock.nowMs());
        const tick = aTick({ atMs, inFlight, ...counts() });
        await bus.publish(makeEvent("tick", { ...about("metrics-collector", atMs), data: { managed: MANAGED, tick } }));
      }
      const window = aWindow({ seq, inFlightMax: inFlight, ...counts() });
      const data = { managed: MANAGED, window };
      const key = window.endedAtMs;
      await bus.publish(makeEvent("window", { ...about("metrics-collector", key), data: { ...data, history: [] } }));
      const proposal = aProposal({ seq, proposedReplicas, because: "the test says so" });
      await bus.publish(makeEvent("proposal", { ...about("policy-inference", key), data: { ...data, proposal } }));
      const own = seq;
      return (await eventually(() => decided.find((one) => one.seq === own), { what: `a decision on window ${own}` }))!;
    },
  };
}
