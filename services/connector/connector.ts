/** Carries events to the functions that ask for them, over HTTP, signed; acknowledged after every one answered 2xx. */
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import { isTooLate } from "#shared/events/age.ts";
import { encodeEvent } from "#shared/events/codec.ts";
import { SUBJECTS, type EventKind } from "#shared/events/subjects.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import type { Log } from "#shared/host/log.ts";
import { signCall } from "#shared/host/signature.ts";
import type { EventBus, Subscription } from "#shared/ports/event-bus.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";
import { topicsOf, type Topics } from "./topics.ts";

export interface ConnectorDeps {
  readonly bus: EventBus;
  readonly gateway: Pick<FunctionGateway, "list" | "invoke">;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs the calls; null leaves them unsigned, and functions then compute but publish nothing. */
  readonly key: string | null;
  readonly rebuildSeconds: number;
}

export interface ConnectorStatus {
  readonly topics: Readonly<Record<string, readonly string[]>>;
  readonly delivered: number;
  readonly failed: number;
  readonly tooLate: number;
  readonly lastProblem: string | null;
}

export interface Connector {
  status(): ConnectorStatus;
  /** Ends with `signal`; resolves when the last delivery has ended. */
  run(signal: AbortSignal): Promise<void>;
}

export function createConnector({ bus, gateway, clock, log, key, rebuildSeconds }: ConnectorDeps): Connector {
  let topics: Topics = new Map();
  const subscriptions = new Map<EventKind, Subscription>();
  let delivered = 0;
  let failed = 0;
  let tooLate = 0;
  let lastProblem: string | null = null;

  async function deliver(event: ReplicantEvent): Promise<void> {
    if ((event.kind === "window" || event.kind === "proposal") && isTooLate(event, event.data.window, clock.nowMs())) {
      tooLate++;
      return;
    }
    const body = Buffer.from(encodeEvent(event)).toString("utf8");
    const subject = SUBJECTS[event.kind];
    for (const functionName of topics.get(event.kind) ?? []) {
      const problem = await call(functionName, body, subject);
      if (problem === null) {
        delivered++;
        continue;
      }
      failed++;
      lastProblem = problem;
      throw new Error(problem);
    }
  }

  async function call(functionName: string, body: string, subject: string): Promise<string | null> {
    const signed = key === null ? {} : signCall(key, functionName, body, clock.nowMs());
    const headers = { "Content-Type": "application/json", "X-Topic": subject, "X-Connector": "replicant", ...signed };
    try {
      const { status, body: answer } = await gateway.invoke(functionName, body, headers);
      return status >= 200 && status < 300 ? null : `${functionName} answered HTTP ${status}: ${answer.slice(0, 200)}`;
    } catch (thrown) {
      return `${functionName} did not answer: ${messageOf(thrown)}`;
    }
  }

  async function rebuild(): Promise<void> {
    try {
      topics = topicsOf(await gateway.list());
    } catch (thrown) {
      // The last known topics stay good: a gateway that is away for a moment forgets no function.
      lastProblem = messageOf(thrown);
      log.warn({ problem: lastProblem }, "could not list functions");
      return;
    }
    for (const kind of topics.keys()) {
      if (subscriptions.has(kind)) continue;
      const subscription = await bus.subscribe(kind, deliver, { durable: `connector-${kind}`, queue: "connector" });
      subscriptions.set(kind, subscription);
      log.info({ subject: SUBJECTS[kind], functions: topics.get(kind) }, "delivering");
    }
  }

  return {
    status: () => ({
      topics: Object.fromEntries([...topics].map(([kind, names]) => [SUBJECTS[kind], names])),
      delivered,
      failed,
      tooLate,
      lastProblem,
    }),
    async run(signal) {
      while (!signal.aborted) {
        await rebuild().catch((thrown: unknown) => log.warn({ problem: messageOf(thrown) }, "could not subscribe"));
        await clock.sleep(rebuildSeconds * 1_000, signal);
      }
      await Promise.all([...subscriptions.values()].map((subscription) => subscription.close()));
    },
  };
}
