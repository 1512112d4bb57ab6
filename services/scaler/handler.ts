/** The scaler as a workload. */
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { monotonicClock } from "#shared/adapters/monotonic-clock.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { GUARD_DEFAULTS } from "#shared/core/guard.ts";
import { Activity } from "#shared/host/activity.ts";
import { BUS_SETTINGS, busAddress } from "#shared/host/addresses.ts";
import { startService } from "#shared/host/service.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { LEASE_SETTINGS, leaseOf } from "./lease.ts";
import { createScaler } from "./scaler.ts";
import { platformOf, TARGET_SETTINGS } from "./target.ts";

export default startService(
  "scaler",
  [
    ...BUS_SETTINGS,
    ...TARGET_SETTINGS,
    ...LEASE_SETTINGS,
    "FALLBACK_POLICY",
    "STABILISATION_SECONDS",
    "WINDOW_SECONDS",
  ],
  async (workload) => {
    const { FALLBACK_POLICY, STABILISATION_SECONDS } = workload.settings;
    // An unknown rule ends the process here, by name, before it could be needed.
    const fallback = policyByName(FALLBACK_POLICY);
    const bus = await natsBus({ ...busAddress(workload), log: (message) => workload.log.warn({}, message) });
    workload.onEnd(() => bus.close());
    // It cannot be told that a function is managed no longer: after an hour of silence it takes it to be so.
    const activity = new Activity(() => monotonicClock.nowMs(), { goneAfter: 120 });
    const scaler = createScaler({
      bus,
      ...(await platformOf(workload)),
      fallback,
      settings: { ...GUARD_DEFAULTS, stabilisationSeconds: STABILISATION_SECONDS },
      lease: await leaseOf(workload),
      clock: systemClock,
      monotonic: monotonicClock,
      activity,
      windowSeconds: workload.settings.WINDOW_SECONDS,
      log: workload.log,
    });
    return {
      run: (signal) => scaler.run(signal),
      status: () => ({ bus: bus.state(), ...scaler.status() }),
      watched: { activity, bus },
      /** `?decision=ID` → that decision with every stage; else the status. */
      answer: async ({ query }, status) => {
        const asked = query["decision"];
        if (typeof asked !== "string") return { status: 200, body: status() };
        const decision = scaler.explain(asked);
        if (decision) return { status: 200, body: decision };
        return { status: 404, body: { error: `decision '${asked.slice(0, 200)}' is not remembered` } };
      },
    };
  },
);
