/** The policy-inference function: POST window(s) → proposal(s); GET → status. */
import { join } from "node:path";

import { openRegistry } from "#shared/adapters/model-registry/open-registry.ts";
import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { natsSignatures } from "#shared/adapters/nats/signature-memory.ts";
import { monotonicClock, systemClock } from "#shared/adapters/system-clock.ts";
import { Activity } from "#shared/host/activity.ts";
import { BUS_SETTINGS, busAddress, signatureBucket } from "#shared/host/addresses.ts";
import type { FunctionEvent } from "#shared/host/handler.ts";
import { startService } from "#shared/host/service.ts";
import { writableFolder } from "#shared/host/writable-folder.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { embeddedKernel } from "#shared/rl/kernel/embedded.ts";
import { answerWindows } from "./answer.ts";
import { createAssignments } from "./assignments.ts";
import { createInference } from "./inference.ts";
import { createModels } from "./models.ts";

const isReading = ({ method }: FunctionEvent) => method === "GET" || method === "HEAD";

export default startService(
  "policy-inference",
  [...BUS_SETTINGS, "MODEL_STORE", "MODEL_FOLDER", "MODEL_CONTROL"],
  async (workload) => {
    const { MODEL_STORE: kind, MODEL_FOLDER, MODEL_CONTROL: controlFrom } = workload.settings;
    const { warn: log } = workload;
    const address = busAddress(workload);
    const bus = workload.closeAtEnd(await natsBus({ ...address, log }));
    const places = { kind, folder: writableFolder(MODEL_FOLDER), bus: address };
    const registry = workload.closeAtEnd(await openRegistry(places, systemClock, log));
    workload.shareSignatures(await natsSignatures(signatureBucket(address), systemClock, log));

    const kernel = embeddedKernel();
    const models = createModels({
      registry,
      // The models that travel with this bundle lie beside it.
      source: shippedModels(join(__dirname, "models")),
      makeEngine: (spec, weights) => createWasmEngine(kernel, spec, weights),
    });
    const monotonicMs = () => monotonicClock.nowMs();
    const assignments = createAssignments({ registry, models, nowMs: monotonicMs, controlFrom, log });
    // Every replica must learn of a new model: no queue, nothing durable; a replica that was away reads the registry.
    await bus.subscribe("model", ({ data }) => assignments.refresh(data.functionName));
    const inference = createInference({ assignments, nowMs: monotonicMs, later: setImmediate });
    // It cannot ask which functions are managed: after an hour of silence it takes one to be managed no longer.
    const activity = new Activity(monotonicMs, { goneAfter: 120 });
    return {
      status: () => ({
        bus: bus.state(),
        models: { in: registry.place, serving: assignments.describe() },
        functions: inference.memory(),
        signatures: workload.signatures(),
      }),
      watched: { activity, bus, problems: () => assignments.problems() },
      answer: async (event, status) =>
        isReading(event)
          ? { status: 200, body: status() }
          : answerWindows(event, {
              inference,
              bus,
              judge: (call) => workload.judge(call),
              nowMs: () => systemClock.nowMs(),
              activity,
            }),
    };
  },
);
