/** The whole stack on this machine: bus, platform, secrets, and every function of stack.yml deployed and ready. */
import { dirname, join, resolve } from "node:path";

import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { BadInputError } from "#shared/core/errors.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";
import { NAMESPACE } from "../provider/environment.ts";
import type { FunctionDeployment } from "../provider/types.ts";
import { readStack, type StackFunction } from "#shared/deploy/stack.ts";
import { startLocalPlatform, type LocalPlatform } from "./local-platform.ts";
import type { StackOptions } from "#shared/live/stack.ts";
import { waitUntil } from "#shared/core/wait.ts";

/** A platform with the functions of a stack. */
export interface LocalStack extends LocalPlatform {
  readonly gateway: FunctionGateway;
  readonly functions: readonly StackFunction[];
}

const READY_WITHIN_MS = 60_000;

/** On failure nothing is left running. */
export async function startLocalStack(options: StackOptions): Promise<LocalStack> {
  const { env } = options;
  const inStack = new Set(readStack(options.stack, env).map(({ name }) => name));
  const local = await startLocalPlatform({
    ...options,
    // What the stack deploys anyway would only start twice, the first time with the addresses of the last run.
    restore: (functionName) => !inStack.has(functionName),
  });
  const { platform } = local;
  try {
    const variables = { ...local.variables, ...(options.policy === null ? {} : { REPLICANT_POLICY: options.policy }) };
    const functions = readStack(options.stack, { ...env, ...variables });
    const folder = dirname(resolve(options.stack));
    for (const one of functions) {
      await platform.registerImage(one.image, join(folder, one.handler));
      await platform.deploy(deploymentOf(one));
    }
    const gateway = openfaasGateway({ url: platform.url, user: platform.user, password: platform.password });
    await allReady(gateway, functions, options);
    return { ...local, variables, gateway, functions };
  } catch (thrown) {
    await local.close();
    throw thrown;
  }
}

function deploymentOf(one: StackFunction): FunctionDeployment {
  return {
    service: one.name,
    image: one.image,
    namespace: NAMESPACE,
    envProcess: "node index.js",
    envVars: one.environment,
    secrets: one.secrets,
    labels: one.labels,
    annotations: one.annotations,
    limits: one.limits,
    requests: one.requests,
  };
}

async function allReady(
  gateway: FunctionGateway,
  functions: readonly StackFunction[],
  { clock, signal }: StackOptions,
): Promise<void> {
  let waiting = functions;
  const areReady = async () => {
    const statuses = await gateway.list();
    waiting = functions.filter(
      ({ name }) =>
        !statuses.some((status) => status.name === name && (status.availableReplicas > 0 || status.replicas === 0)),
    );
    return waiting.length === 0 || signal.aborted;
  };
  if (await waitUntil(areReady, { clock, withinMs: READY_WITHIN_MS, everyMs: 100 })) return;
  const names = waiting.map(({ name }) => name).join(", ");
  throw new BadInputError(`not ready within ${READY_WITHIN_MS / 1_000} s: ${names}; see their logs`);
}
