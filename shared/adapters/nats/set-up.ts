/**
 * Makes the stream and the buckets, as `admin`: no part may. The connection stays, so that all of it is there again soon after
 * the server came back without its store.
 */
import type { JetStreamManager, StreamConfig } from "@nats-io/jetstream";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { bucketName, streamOf } from "../../events/bus-permissions.ts";
import type { BusStore } from "../../events/bus-users.ts";
import { streamName } from "../../events/subjects.ts";
import type { BusLog } from "../event-delivery.ts";
import { makeBucket, type BucketBounds } from "./bucket.ts";
import { openConnection, type ConnectionOptions } from "./connection.ts";
import { makeObjects } from "./objects.ts";
import { SIGNATURE_BOUNDS } from "./signature-memory.ts";
import { declareStream, findJetStream, STREAM_BOUNDS } from "./stream.ts";

/** How `admin` gets on the server, and whose server it is. */
export interface SetUpOptions extends ConnectionOptions {
  /** Default `replicant`. */
  readonly subjectPrefix?: string | undefined;
  /** The server is ours: a stream that an earlier version left on it is brought up to date. */
  readonly isOurServer: boolean;
}

/** What was made, and is made again after each reconnect until it is closed. */
export interface SetUp {
  /** Streams, those of buckets among them, that are there. */
  readonly streams: readonly string[];
  close(): Promise<void>;
}

const RETRY_MS = 500;

const STORES: readonly BusStore[] = ["lease", "control", "signatures", "models"];

const BUCKETS: Readonly<Record<Exclude<BusStore, "models">, BucketBounds>> = {
  lease: {},
  control: {},
  signatures: SIGNATURE_BOUNDS,
};

/** Null when the server has no JetStream: then there is nothing to set up. Rejects when it cannot be done, or must not stay so. */
export async function setUpBus(options: SetUpOptions, clock: Clock, log: BusLog): Promise<SetUp | null> {
  const connection = await openConnection(options, clock, log);
  const ending = new AbortController();
  const close = () => {
    ending.abort();
    return connection.close();
  };
  try {
    const jsm = await findJetStream(connection.nc);
    if (jsm !== null) {
      const streams = await makeAll(jsm, options);
      connection.onReconnect(() => void again(jsm));
      return { streams, close };
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  await close();
  return null;

  async function again(jsm: JetStreamManager): Promise<void> {
    for (let said = ""; !ending.signal.aborted;) {
      try {
        return void (await makeAll(jsm, options));
      } catch (thrown) {
        const why = messageOf(thrown);
        if (why !== said && !ending.signal.aborted) log(`the bus is not set up again yet: ${why}`);
        said = why;
        await clock.sleep(RETRY_MS, ending.signal);
      }
    }
  }
}

async function makeAll(
  jsm: JetStreamManager,
  { subjectPrefix: prefix = "replicant", isOurServer: isOurs }: SetUpOptions,
): Promise<readonly string[]> {
  const streams = [streamName(prefix), ...STORES.map((store) => streamOf(store, prefix))];
  await declareStream(jsm, prefix, { ...STREAM_BOUNDS, mayMake: true, isOurs });
  for (const [store, bounds] of Object.entries(BUCKETS)) {
    await makeBucket(jsm, { bucket: bucketName(store as BusStore, prefix), ...bounds });
  }
  await makeObjects(jsm, streamOf("models", prefix), bucketName("models", prefix));
  for (const name of streams) refuseDetours(name, (await jsm.streams.info(name)).config);
  return streams;
}

/** What was made by somebody else, when parts still could, stays as it is: only an operator can know what for. */
function refuseDetours(name: string, config: StreamConfig): void {
  const detours = (["republish", "mirror", "sources", "subject_transform"] as const).filter((one) => config[one]);
  if (detours.length === 0) return;
  throw new Error(
    `stream '${name}' has ${detours.join(" and ")}, so what is in it may come from elsewhere or go anywhere: remove that, or the stream`,
  );
}
