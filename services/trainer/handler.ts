/** The trainer as a workload. */
import { join } from "node:path";

import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { openRegistry } from "#shared/adapters/model-registry/open-registry.ts";
import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { natsSignatures } from "#shared/adapters/nats/signature-memory.ts";
import { monotonicClock, systemClock } from "#shared/adapters/system-clock.ts";
import { Activity } from "#shared/host/activity.ts";
import { BUS_SETTINGS, busAddress, signatureBucket } from "#shared/host/addresses.ts";
import { startService } from "#shared/host/service.ts";
import { writableFolder } from "#shared/host/writable-folder.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { answerTrainer } from "./answer.ts";
import { learnerInThreads } from "./learning/learner.ts";
import { lossInWords } from "./memory/read-segments.ts";
import { openSegmentLog } from "./memory/segment-log.ts";
import { readProfiles } from "./judging/profiles.ts";
import { createTrainer } from "./trainer.ts";

export default startService(
  "trainer",
  [
    ...BUS_SETTINGS,
    "FALLBACK_POLICY",
    "TRAINER_COUNT_RULE",
    "MODEL_STORE",
    "MODEL_FOLDER",
    "TRAINER_FOLDER",
    "TRAINER_AUTO",
    "TRAINER_ROLLOUT_WINDOWS",
    "TRAINER_SIMULATED_STEPS",
    "TRAINER_JUDGE_WINDOWS",
    "TRAINER_PROFILES",
  ],
  async (workload) => {
    const { settings } = workload;
    // An unknown rule ends the process here, by name, before a model could be compared with it.
    const rules = { counts: settings.TRAINER_COUNT_RULE, held: settings.FALLBACK_POLICY };
    for (const rule of Object.values(rules)) policyByName(rule);
    const { warn } = workload;
    const address = busAddress(workload);
    const segmentLog = workload.closeAtEnd(await openSegmentLog(nodeFiles, writableFolder(settings.TRAINER_FOLDER)));
    for (const loss of segmentLog.losses) workload.log.warn(loss, `the trainer's log: ${lossInWords(loss)}`);
    const bus = workload.closeAtEnd(await natsBus({ ...address, log: warn }));
    const places = { kind: settings.MODEL_STORE, folder: writableFolder(settings.MODEL_FOLDER), bus: address };
    const registry = workload.closeAtEnd(await openRegistry(places, systemClock, warn));
    workload.shareSignatures(await natsSignatures(signatureBucket(address), systemClock, warn));
    // Both lie beside the bundle: the thread's script and the models that travel with it.
    const learner = workload.closeAtEnd(learnerInThreads(join(__dirname, "learner.cjs")));

    // It has no list of managed functions: after an hour of silence it considers one to be managed no longer.
    const activity = new Activity(() => monotonicClock.nowMs(), { goneAfter: 120 });
    const trainer = createTrainer({
      bus,
      segmentLog,
      learner,
      registry,
      source: shippedModels(join(__dirname, "models")),
      clock: systemClock,
      activity,
      monotonic: monotonicClock,
      log: workload.log,
      rules,
      profiles: await readProfiles(settings.TRAINER_PROFILES),
      settings: {
        isAutomatic: settings.TRAINER_AUTO,
        rolloutWindows: settings.TRAINER_ROLLOUT_WINDOWS,
        simulatedSteps: settings.TRAINER_SIMULATED_STEPS,
        judgeWindows: settings.TRAINER_JUDGE_WINDOWS,
      },
    });
    return {
      run: (signal) => trainer.run(signal),
      status: () => ({ bus: bus.state(), signatures: workload.signatures(), ...trainer.status() }),
      watched: { activity, bus, problems: () => trainer.problems(), warnings: () => trainer.warnings() },
      answer: (event, status) =>
        answerTrainer(event, { trainer, status, mayChange: (call) => workload.mayChange(call) }),
    };
  },
);
