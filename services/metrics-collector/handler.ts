/** The metrics-collector as a workload. */
import { httpMetricsEndpoint } from "#shared/adapters/http-metrics.ts";
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { BUS_SETTINGS, busAddress, gatewayAddress } from "#shared/host/addresses.ts";
import { startService } from "#shared/host/service.ts";
import { createCollector } from "./collector.ts";

export default startService(
  "metrics-collector",
  [
    ...BUS_SETTINGS,
    "OPENFAAS_URL",
    "FUNCTION_METRICS_URL",
    "CONTAINER_METRICS_URL",
    "WINDOW_SECONDS",
    "TICK_SECONDS",
    "TIME_LAPSE",
    "TIME_LAPSE_EPOCH_MS",
  ],
  async (workload) => {
    const { settings, log } = workload;
    const bus = await natsBus({ ...busAddress(workload), log: (message) => workload.log.warn({}, message) });
    workload.onEnd(() => bus.close());
    const collector = createCollector({
      // A scrape that takes longer than a tick tells nothing any more.
      endpoint: httpMetricsEndpoint({
        functionMetricsUrl: settings.FUNCTION_METRICS_URL,
        containerMetricsUrl: settings.CONTAINER_METRICS_URL,
        timeoutMs: Math.max(200, (settings.TICK_SECONDS * 1_000) / settings.TIME_LAPSE),
      }),
      gateway: openfaasGateway(gatewayAddress(workload)),
      bus,
      clock: systemClock,
      log,
      traceTime: { timeLapse: settings.TIME_LAPSE, epochMs: settings.TIME_LAPSE_EPOCH_MS },
      windowSeconds: settings.WINDOW_SECONDS,
      tickSeconds: settings.TICK_SECONDS,
    });
    return { run: (signal) => collector.run(signal), status: () => ({ bus: bus.state(), ...collector.status() }) };
  },
);
