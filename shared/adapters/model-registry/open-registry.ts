/** The registry that there is: the object store where NATS has JetStream, else a folder. */
import type { Clock } from "../../core/clock.ts";
import type { ModelRegistry } from "../../ports/model-registry.ts";
import type { ConnectionOptions } from "../nats/connection.ts";
import { folderRegistry } from "./folder.ts";
import { natsRegistry } from "./nats.ts";

export type OpenRegistry = ModelRegistry & { close(): Promise<void> };

export interface RegistryOptions {
  /** `auto`: the object store where there is one. */
  readonly kind: "auto" | "nats" | "folder";
  readonly folder: string;
  readonly bus: ConnectionOptions & { readonly subjectPrefix: string };
}

export async function openRegistry(
  options: RegistryOptions,
  clock: Clock,
  log: (message: string) => void,
): Promise<OpenRegistry> {
  const { kind, folder, bus } = options;
  if (kind !== "folder") {
    const registry = await natsRegistry({ ...bus, bucket: `${bus.subjectPrefix}-models` }, clock, log);
    if (registry !== null) return registry;
    if (kind === "nats") log("the bus has no object store: models are kept in a folder");
  }
  return { ...folderRegistry(folder), close: async () => {} };
}
