/** Borrows a running function: its policy is changed by its annotations, as a deployment does, and put back afterwards. */
import { systemClock as clock } from "../adapters/system-clock.ts";
import { messageOf } from "../core/errors.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import { readDeployment } from "./deployment.ts";
import type { LivePlatform } from "./platform.ts";
import { waitUntil } from "../core/wait.ts";

/** A function whose deployment is changed for a while. */
export interface BorrowedFunction {
  readonly managed: ManagedFunction;
  /** Deploys the function with this policy, acting; resolves when the collector reports it. Rejects with `InterruptedError`. */
  setPolicy(policy: string, signal: AbortSignal): Promise<void>;
  /** As it was: deployment, and what its model may do. Never rejects: says why it could not. */
  giveBack(say: (line: string) => void): Promise<void>;
}

const REPORTED_WITHIN_MS = 60_000;

/** Changes nothing yet. Throws `BadInputError` where the gateway does not describe the function. */
export async function borrowFunction(platform: LivePlatform, managed: ManagedFunction): Promise<BorrowedFunction> {
  const { functionName, namespace } = managed;
  const { address, bus, shelf } = platform;
  const { found, deploy } = await readDeployment(address, functionName, namespace);
  const control = await shelf.control(functionName);
  let isChanged = false;

  return {
    managed,
    async setPolicy(policy, signal) {
      isChanged = true;
      await deploy({ annotations: { ...found.annotations, "replicant.policy": policy, "replicant.mode": "auto" } });
      let isReported = false;
      const subscription = await bus.subscribe("tick", async ({ data: { managed: now } }) => {
        if (now.functionName === functionName && now.policy === policy) isReported = true;
      });
      try {
        if (await waitUntil(() => isReported, { clock, withinMs: REPORTED_WITHIN_MS, signal })) return;
        throw new Error(
          `no tick of '${functionName}' showed policy '${policy}' within ${REPORTED_WITHIN_MS / 1_000} s`,
        );
      } finally {
        await subscription.close();
      }
    },
    async giveBack(say) {
      if (!isChanged) return;
      isChanged = false;
      try {
        // First what the model may do: when the annotation names it again it must find what it had.
        if (control !== null) await shelf.setControl(control);
        await deploy({ annotations: found.annotations ?? {} });
      } catch (thrown) {
        say(`the policy '${managed.policy}' of '${functionName}' could not be put back: ${messageOf(thrown)}`);
      }
    },
  };
}
