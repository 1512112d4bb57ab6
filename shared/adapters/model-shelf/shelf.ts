/** The shelf that there is: the object store where NATS has JetStream, else a folder. */
import type { Clock } from "../../core/clock.ts";
import type { ModelShelf } from "../../ports/model-shelf.ts";
import type { ConnectionOptions } from "../nats/connection.ts";
import { folderShelf } from "./folder.ts";
import { natsShelf } from "./nats.ts";

export type OpenShelf = ModelShelf & { close(): Promise<void> };

export interface ShelfOptions {
  /** `auto`: the object store where there is one. */
  readonly kind: "auto" | "nats" | "folder";
  readonly folder: string;
  readonly bus: ConnectionOptions & { readonly subjectPrefix: string };
}

export async function openShelf(
  options: ShelfOptions,
  clock: Clock,
  log: (message: string) => void,
): Promise<OpenShelf> {
  const { kind, folder, bus } = options;
  if (kind !== "folder") {
    const shelf = await natsShelf({ ...bus, bucket: `${bus.subjectPrefix}-models` }, clock, log);
    if (shelf !== null) return shelf;
    if (kind === "nats") log("the bus has no object store: models are kept in a folder");
  }
  return { ...folderShelf(folder), close: async () => {} };
}
