/** A running function lent to a command: its policy is changed by its annotations, as a deployment does, and put back after. */
import { systemClock as clock } from "../adapters/system-clock.ts";
import { messageOf } from "../core/errors.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import { InterruptedError } from "../evaluation/pool/pool.ts";
import { readDeployment } from "./deployment.ts";
import type { LivePlatform } from "./platform.ts";

export interface LentFunction {
  readonly managed: ManagedFunction;
  /** Deploys the function with this policy, acting; resolves when the collector tells of it. Rejects with `InterruptedError`. */
  setPolicy(policy: string, signal: AbortSignal): Promise<void>;
  /** As it was: deployment, and what its model may do. Never rejects: says why it could not. */
  giveBack(say: (line: string) => void): Promise<void>;
}

const HEARD_WITHIN_MS = 60_000;

export async function lendFunction(platform: LivePlatform, managed: ManagedFunction): Promise<LentFunction> {
  const { functionName, namespace } = managed;
  const { address, bus, shelf } = platform;
  const { found, deploy } = await readDeployment(address, functionName, namespace);
  const control = await shelf.control(functionName);
  let isChanged = false;

  async function restore(): Promise<void> {
    if (!isChanged) return;
    isChanged = false;
    // First what the model may do: when the annotation names it again it must find what it had.
    if (control !== null) await shelf.setControl(control);
    await deploy({ annotations: found.annotations ?? {} });
  }

  return {
    managed,
    async setPolicy(policy, signal) {
      isChanged = true;
      await deploy({ annotations: { ...found.annotations, "replicant.policy": policy, "replicant.mode": "auto" } });
      let heard = false;
      const subscription = await bus.subscribe("tick", async ({ data: { managed: now } }) => {
        if (now.functionName === functionName && now.policy === policy) heard = true;
      });
      try {
        await until(() => heard, `no tick of '${functionName}' showed policy '${policy}'`, signal);
      } finally {
        await subscription.close();
      }
    },
    giveBack: (say) =>
      restore().catch((thrown: unknown) => {
        say(`the policy '${managed.policy}' of '${functionName}' could not be put back: ${messageOf(thrown)}`);
      }),
  };
}

async function until(condition: () => boolean, what: string, signal: AbortSignal): Promise<void> {
  const deadlineMs = clock.nowMs() + HEARD_WITHIN_MS;
  while (!condition()) {
    if (signal.aborted) throw new InterruptedError();
    if (clock.nowMs() > deadlineMs) throw new Error(`${what} within ${HEARD_WITHIN_MS / 1_000} s`);
    await clock.sleep(50, signal);
  }
}
