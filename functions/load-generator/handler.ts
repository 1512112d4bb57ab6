/** The load-generator function: replays traces through the gateway, one at a time, and reports on the bus. */
import { join } from "node:path";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { natsSignatures } from "#shared/adapters/nats/signature-memory.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import { Activity } from "#shared/host/activity.ts";
import { BUS_SETTINGS, busAddress, signatureBucket } from "#shared/host/addresses.ts";
import { startService } from "#shared/host/service.ts";
import { answerLoadGenerator } from "./answer.ts";
import { ReplayRuns } from "./replay-runs.ts";
import { shippedTraces } from "./shipped-traces.ts";

const SETTINGS = [
  ...BUS_SETTINGS,
  "OPENFAAS_URL",
  "TIME_LAPSE",
  "TIME_LAPSE_EPOCH_MS",
  "MAX_REPLAY_IN_FLIGHT",
] as const;

export default startService("load-generator", SETTINGS, async (workload) => {
  const { settings, log } = workload;
  const address = busAddress(workload);
  const bus = workload.closeAtEnd(await natsBus({ ...address, log: workload.warn }));
  workload.shareSignatures(await natsSignatures(signatureBucket(address), systemClock, workload.warn));
  const { OPENFAAS_URL: gatewayUrl, TIME_LAPSE_EPOCH_MS: epochMs } = settings;
  const runs = new ReplayRuns({ bus, gatewayUrl, epochMs, nowMs: () => Date.now(), log });
  // Registered last, so it ends first: how the run ended is still published.
  workload.closeAtEnd(runs);
  // Not awaited: a question about a lost run is answered correctly in any case.
  void bus
    .newest("load")
    .then((last) => runs.announceLost(last?.data ?? null))
    .catch((thrown: unknown) => workload.warn(`whether a run was lost is not known: ${messageOf(thrown)}`));
  const traces = shippedTraces(join(__dirname, "traces"));
  const defaults = { timeLapse: settings.TIME_LAPSE, maxInFlight: settings.MAX_REPLAY_IN_FLIGHT };
  return {
    status: () => ({ bus: bus.state(), runs: runs.list(), signatures: workload.signatures() }),
    // No regular activity is expected: it works on request.
    watched: { activity: new Activity(() => performance.now()), bus },
    answer: (event) =>
      answerLoadGenerator(event, {
        runs,
        traces,
        defaults,
        mayChange: (call) => workload.mayChange(call),
        nowMs: () => Date.now(),
      }),
  };
});
