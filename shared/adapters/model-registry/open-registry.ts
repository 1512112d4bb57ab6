/** Opens the model registry: the object store where NATS has JetStream, else a folder. */
import type { Clock } from "../../core/clock.ts";
import type { ModelRegistry } from "../../ports/model-registry.ts";
import type { ConnectionOptions } from "../nats/connection.ts";
import { folderRegistry } from "./folder.ts";
import { natsRegistry } from "./nats.ts";

/** To be closed by who opened it. */
export type OpenRegistry = ModelRegistry & { close(): Promise<void> };

/** Which kind of registry, and where each would be. */
export interface RegistryOptions {
  /** `auto`: the object store where there is one. */
  readonly kind: "auto" | "nats" | "folder";
  readonly folder: string;
  readonly bus: ConnectionOptions & { readonly subjectPrefix: string };
}

/** Resolves when connected. Rejects when the bus cannot be reached. */
export async function openRegistry(
  options: RegistryOptions,
  clock: Clock,
  log: (message: string) => void,
): Promise<OpenRegistry> {
  const { kind, folder, bus } = options;
  const inFolder = (): OpenRegistry => ({ ...folderRegistry(folder), close: async () => {} });
  const inObjectStore = () => natsRegistry({ ...bus, bucket: `${bus.subjectPrefix}-models` }, clock, log);
  switch (kind) {
    case "folder":
      return inFolder();
    case "auto":
      return (await inObjectStore()) ?? inFolder();
    case "nats": {
      const registry = await inObjectStore();
      if (registry === null) log("the bus has no object store: models are kept in a folder");
      return registry ?? inFolder();
    }
  }
}
