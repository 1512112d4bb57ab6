/** The connector as a workload: its loop starts with the module, its handler answers its status. */
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { monotonicClock, systemClock } from "#shared/adapters/system-clock.ts";
import { Activity } from "#shared/host/activity.ts";
import { BUS_SETTINGS, busAddress, gatewayAddress } from "#shared/host/addresses.ts";
import { startService } from "#shared/host/service.ts";
import { createConnector } from "./connector.ts";

export default startService(
  "connector",
  [...BUS_SETTINGS, "OPENFAAS_URL", "CONNECTOR_REBUILD_SECONDS", "WINDOW_SECONDS"],
  async (workload) => {
    const bus = workload.closeAtEnd(await natsBus({ ...busAddress(workload), log: workload.warn }));
    const activity = new Activity(() => monotonicClock.nowMs());
    const connector = createConnector({
      bus,
      gateway: openfaasGateway(gatewayAddress(workload)),
      clock: systemClock,
      monotonic: monotonicClock,
      log: workload.log,
      key: () => workload.signingKey(),
      rebuildSeconds: workload.settings.CONNECTOR_REBUILD_SECONDS,
      activity,
      windowSeconds: workload.settings.WINDOW_SECONDS,
    });
    return {
      run: (signal) => connector.run(signal),
      status: () => ({ bus: bus.state(), ...connector.status() }),
      watched: { activity, bus },
    };
  },
);
