/** The metrics-collector as a workload. */
import { randomUUID } from "node:crypto";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { monotonicClock, systemClock } from "#shared/adapters/system-clock.ts";
import { Activity } from "#shared/host/activity.ts";
import { BUS_SETTINGS, busAddress, gatewayAddress } from "#shared/host/addresses.ts";
import { startService } from "#shared/host/service.ts";
import { createCollector } from "./collector.ts";
import { LastControls } from "./last-controls.ts";
import { LimitsOfFunctions } from "./learned-limits.ts";
import { SOURCE_SETTINGS, sourceOf } from "./source.ts";

export default startService(
  "metrics-collector",
  [...BUS_SETTINGS, "OPENFAAS_URL", ...SOURCE_SETTINGS, "WINDOW_SECONDS", "TIME_LAPSE", "TIME_LAPSE_EPOCH_MS"],
  async (workload) => {
    const { settings, log } = workload;
    const bus = workload.closeAtEnd(await natsBus({ ...busAddress(workload), log: workload.warn }));
    const traceTime = { timeLapse: settings.TIME_LAPSE, epochMs: settings.TIME_LAPSE_EPOCH_MS };
    const limits = new LimitsOfFunctions();
    const controls = new LastControls();
    await bus.subscribe("applied", async ({ data }) => {
      limits.learn(data);
      controls.onApplied(data);
    });
    const activity = new Activity(() => monotonicClock.nowMs());
    const collector = createCollector({
      source: await sourceOf(workload, traceTime),
      // A list that takes longer holds up what is to be measured.
      gateway: openfaasGateway({
        ...gatewayAddress(workload),
        timeoutMs: Math.max(1_000, 5_000 / traceTime.timeLapse),
      }),
      bus,
      limits,
      controls,
      activity,
      clock: systemClock,
      monotonic: monotonicClock,
      generation: randomUUID().slice(0, 8),
      log,
      traceTime,
      windowSeconds: settings.WINDOW_SECONDS,
      tickSeconds: settings.TICK_SECONDS,
    });
    /** Where nothing is managed, what cannot be measured is the reason; elsewhere its consequences are reported in time. */
    const complaints = (isReason: boolean) => () => {
      const { managed, problems } = collector.status();
      return isReason === (managed.length === 0) ? problems : [];
    };
    return {
      run: (signal) => collector.run(signal),
      status: () => ({ bus: bus.state(), ...collector.status() }),
      watched: { activity, bus, problems: complaints(true), warnings: complaints(false) },
    };
  },
);
