/** The connector as a workload: its loop starts with the module, its handler answers its status. */
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { BUS_SETTINGS, busAddress, gatewayAddress } from "#shared/host/addresses.ts";
import { startService } from "#shared/host/service.ts";
import { createConnector } from "./connector.ts";

export default startService(
  "connector",
  [...BUS_SETTINGS, "OPENFAAS_URL", "CONNECTOR_REBUILD_SECONDS"],
  async (workload) => {
    const bus = await natsBus({ ...busAddress(workload), log: (message) => workload.log.warn({}, message) });
    workload.onEnd(() => bus.close());
    const connector = createConnector({
      bus,
      gateway: openfaasGateway(gatewayAddress(workload)),
      clock: systemClock,
      log: workload.log,
      key: workload.key,
      rebuildSeconds: workload.settings.CONNECTOR_REBUILD_SECONDS,
    });
    return { run: (signal) => connector.run(signal), status: () => ({ bus: bus.state(), ...connector.status() }) };
  },
);
