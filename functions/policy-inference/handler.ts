/** The policy-inference function: POST window(s) → proposal(s); GET → status. */
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { BUS_SETTINGS, busAddress } from "#shared/host/addresses.ts";
import { startService } from "#shared/host/service.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { answerWindows } from "./answer.ts";
import { createInference } from "./inference.ts";

export default startService("policy-inference", BUS_SETTINGS, async (workload) => {
  const bus = await natsBus({ ...busAddress(workload), log: (message) => workload.log.warn({}, message) });
  workload.onEnd(() => bus.close());
  const inference = createInference((name) => policyByName(name));
  const status = () => ({ part: workload.name, state: "running", bus: bus.state(), functions: inference.memory() });
  return {
    status,
    answer: async (event) =>
      event.method === "GET"
        ? { status: 200, body: status() }
        : answerWindows(event, {
            inference,
            bus,
            mayChange: (call) => workload.mayChange(call),
            nowMs: () => Date.now(),
          }),
  };
});
