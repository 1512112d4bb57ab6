/** The platform that runs from this home, as commands beside it work on it: its gateway, its bus, its key and its time. */
import { join } from "node:path";

import { openRegistry, type OpenRegistry } from "../adapters/model-registry/open-registry.ts";
import { natsBus } from "../adapters/nats/nats-bus.ts";
import type { BusAccount } from "../events/bus-logins.ts";
import type { GatewayAddress } from "../adapters/openfaas/client.ts";
import { openfaasGateway } from "../adapters/openfaas/function-gateway.ts";
import { systemClock as clock } from "../adapters/system-clock.ts";
import { BadInputError, messageOf } from "../core/errors.ts";
import { readManagedFunction, type ManagedFunction } from "../core/managed-function.ts";
import type { TraceTime } from "../core/trace-time.ts";
import type { EventBus } from "../ports/event-bus.ts";
import type { FunctionGateway } from "../ports/function-gateway.ts";
import { keysOf } from "../host/keyring.ts";
import { passwordOf, readRunning } from "./find-platform.ts";
import { readIfThere } from "./if-there.ts";
import { readOwnLogin } from "./own-logins.ts";

/** A running platform and connections to it, until it is closed. */
export interface LivePlatform {
  readonly address: GatewayAddress;
  readonly gateway: FunctionGateway;
  readonly bus: EventBus;
  readonly shelf: OpenRegistry;
  /** Signs calls that change something. */
  readonly key: string;
  readonly traceTime: TraceTime;
  close(): Promise<void>;
}

const NO_PLATFORM = "no platform runs from this home: start one with 'replicant up'";
const SUBJECT_PREFIX = "replicant";

/** Throws `BadInputError` with one sentence when there is none, or when it does not answer. */
export async function openPlatform(
  home: string,
  as: Extract<BusAccount, "cli" | "external">,
  log: (line: string) => void,
): Promise<LivePlatform> {
  const running = readRunning(home);
  if (running === null) throw new BadInputError(NO_PLATFORM);
  const { url, variables } = running;
  const key = keysOf(readIfThere(join(home, "secrets", "replicant-key")) ?? "")[0];
  const servers = variables["REPLICANT_NATS_URL"];
  const folder = variables["REPLICANT_MODEL_FOLDER"];
  if (!key || !servers || !folder) throw new BadInputError(NO_PLATFORM);
  const address = { url, user: "admin", password: passwordOf(home) };
  const gateway = openfaasGateway(address);
  // A note may have outlived its platform.
  await gateway.list().catch((thrown: unknown) => {
    throw new BadInputError(
      `the platform at ${url} does not answer (${messageOf(thrown)}): start one with 'replicant up'`,
    );
  });
  const connection = { servers: servers.split(","), name: "replicant-live", subjectPrefix: SUBJECT_PREFIX };
  const bus = await natsBus({ ...connection, ...readOwnLogin(home, as), log });
  try {
    // A borrowed function gets back what its model may do: only who sets up may write that besides the trainer.
    const shelfAccess = { ...connection, ...readOwnLogin(home, "admin") };
    const shelf = await openRegistry({ kind: "auto", folder, bus: shelfAccess }, clock, log);
    const traceTime = {
      timeLapse: Number(variables["REPLICANT_TIME_LAPSE"] ?? 1),
      epochMs: Number(variables["REPLICANT_TIME_LAPSE_EPOCH_MS"] ?? 0),
    };
    const close = async () => {
      await shelf.close();
      await bus.close();
    };
    return { address, gateway, bus, shelf, key, traceTime, close };
  } catch (thrown) {
    await bus.close();
    throw thrown;
  }
}

/** The function of that name, else the first that is managed. Throws `BadInputError` where there is none. */
export async function managedOn(
  { gateway }: Pick<LivePlatform, "gateway">,
  name: string | null,
): Promise<ManagedFunction> {
  const statuses = await gateway.list();
  const managed = statuses.flatMap((status) => readManagedFunction(status).managed ?? []);
  const found = name === null ? managed[0] : managed.find(({ functionName }) => functionName === name);
  if (found) return found;
  if (name === null) throw new BadInputError("no function of the platform has a replicant annotation");
  const because = statuses.some((status) => status.name === name) ? "is not managed" : "is not deployed";
  const names = managed.map(({ functionName }) => functionName).join(", ") || "none";
  throw new BadInputError(`function '${name}' ${because}; managed are: ${names}`);
}
