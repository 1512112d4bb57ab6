/** The scaler as a workload. What is frozen is kept, and can be changed, before there is a bus. */
import { join } from "node:path";

import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { textFile } from "#shared/adapters/files/text-file.ts";
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { natsSignatures } from "#shared/adapters/nats/signature-memory.ts";
import { natsTextStore } from "#shared/adapters/nats/text-store.ts";
import { monotonicClock, systemClock } from "#shared/adapters/system-clock.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { Activity } from "#shared/host/activity.ts";
import { BUS_SETTINGS, busAddress, signatureBucket } from "#shared/host/addresses.ts";
import { failed } from "#shared/host/handler.ts";
import { startService } from "#shared/host/service.ts";
import type { Workload } from "#shared/host/workload.ts";
import { writableFolder } from "#shared/host/writable-folder.ts";
import { fallbackByName } from "#shared/policies/first-able.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { answerFreeze } from "./freeze/answer.ts";
import { FreezeKeeper } from "./freeze/keeper.ts";
import { LEASE_SETTINGS, leaseOf } from "./lease.ts";
import { createScaler, type Scaler } from "./scaler.ts";
import { platformOf, TARGET_SETTINGS } from "./targets/targets.ts";

const SETTING_NAMES = [
  ...BUS_SETTINGS,
  ...TARGET_SETTINGS,
  ...LEASE_SETTINGS,
  "FALLBACK_POLICY",
  "STABILISATION_SECONDS",
  "WINDOW_SECONDS",
  "SCALER_FOLDER",
] as const;

export default startService("scaler", SETTING_NAMES, async (workload) => {
  const { settings, log } = workload;
  // An unknown rule ends the process here, by name, before it could be needed.
  const fallback = fallbackByName(settings.FALLBACK_POLICY);
  const file = textFile(nodeFiles, join(writableFolder(settings.SCALER_FOLDER), "frozen.json"));
  const keeper = new FreezeKeeper({ file, clock: monotonicClock, log });
  await keeper.look();
  // The platform lists what is managed: silence about any of that is never taken for its end.
  const activity = new Activity(() => monotonicClock.nowMs());
  const platform = await platformOf(workload);
  let bus: EventBus | null = null;
  let scaler: Scaler | null = null;

  async function run(signal: AbortSignal): Promise<void> {
    const keeping = keeper.run(signal);
    bus = workload.closeAtEnd(await natsBus({ ...busAddress(workload), log: workload.warn }));
    await shareWithReplicas(workload, keeper);
    scaler = createScaler({
      bus,
      ...platform,
      frozen: (functionName) => keeper.frozen(functionName),
      fallback,
      settings: { ...GUARD_DEFAULTS, stabilisationSeconds: settings.STABILISATION_SECONDS },
      lease: await leaseOf(workload),
      clock: systemClock,
      monotonic: monotonicClock,
      activity,
      windowSeconds: settings.WINDOW_SECONDS,
      log,
    });
    await scaler.run(signal);
    await keeping;
  }

  return {
    run,
    status: () => ({
      bus: bus?.state() ?? "connecting",
      frozen: keeper.status().frozen,
      signatures: workload.signatures(),
      ...scaler?.status(),
    }),
    watched: {
      activity,
      bus: { state: () => bus?.state() ?? "reconnecting" },
      problems: () => (scaler?.problems() ?? []).concat(keeper.status().problems),
    },
    /** `?decision=ID` → that decision with every stage; POST freezes or thaws; else the status. */
    answer: async (event, status) => {
      if (event.method === "POST") {
        return answerFreeze(event, {
          keeper,
          mayChange: (call) => workload.mayChange(call),
          isManaged: (functionName) => scaler?.isManaged(functionName) ?? null,
          settled: async () => scaler?.settled(),
          now: () => new Date(),
        });
      }
      if (scaler === null) return { status: 503, body: { part: workload.name, state: "starting", ...keeper.status() } };
      const asked = event.query["decision"];
      if (typeof asked !== "string") return { status: 200, body: status() };
      const decision = scaler.explain(asked);
      if (decision) return { status: 200, body: decision };
      return failed(404, `decision '${asked.slice(0, 200)}' is not remembered`);
    },
  };
});

/** What is frozen, and which calls were taken, are every replica's business where NATS has JetStream. */
async function shareWithReplicas(
  workload: Workload<(typeof SETTING_NAMES)[number]>,
  keeper: FreezeKeeper,
): Promise<void> {
  const { warn } = workload;
  const address = busAddress(workload);
  const control = { ...address, name: `${address.name}-control`, bucket: `${address.subjectPrefix}-control` };
  const orders = await natsTextStore({ ...control, key: "frozen" }, systemClock, warn);
  if (orders) workload.closeAtEnd(orders);
  await keeper.share(orders);
  // A freeze is for the worst of times.
  workload.shareSignatures(await natsSignatures(signatureBucket(address), systemClock, warn), "take");
}
