/** The page's data: functions sampled once a second, decisions and windows as they come from the bus. */
import { BudgetTrack, budgetUseWords, type BudgetUse } from "#shared/core/budget.ts";
import type { Clock } from "#shared/core/clock.ts";
import { readManagedFunction } from "#shared/core/managed-function.ts";
import { budgetOf, sloWords } from "#shared/core/slo.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import type { Meters } from "../gateway/metrics/meter.ts";
import type { FunctionSnapshot, Provider } from "../provider/types.ts";
import { stateOf } from "./function-state.ts";
import { FunctionTrack } from "./function-track.ts";
import { createReceived } from "./received.ts";
import type { BusView, FunctionView, HistoryView, PlatformView, Reading, Sample, UiMessage, UiState } from "./types.ts";

const SAMPLE_EVERY_MS = 1_000;
const RECENT_RATES = 60;

/** A bus and how it is called among people; whoever gives it closes it. */
export interface EventSource {
  readonly bus: EventBus;
  readonly description: string;
}

/** What the feed is made from. */
export interface UiFeedOptions {
  readonly platform: PlatformView;
  readonly provider: Pick<Provider, "list">;
  readonly meters: Pick<Meters, "find">;
  /** Without it no decisions are received. */
  readonly events?: EventSource | undefined;
  readonly clock: Clock;
  /** Ends sampling and listening. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** The page's data, and its changes. */
export interface UiFeed {
  state(): UiState;
  /** Undefined for a function that is not deployed. */
  history(functionName: string): HistoryView | undefined;
  /** Calls `listener` with each message from now on. */
  listen(listener: (message: UiMessage) => void): void;
  /** Resolves when, after the signal, nothing of the feed runs any more. */
  readonly ended: Promise<void>;
}

/** Samples at once, and each second until the signal. */
export function createUiFeed({ platform, provider, meters, events, clock, signal, log }: UiFeedOptions): UiFeed {
  const tracks = new Map<string, FunctionTrack>();
  const budgets = new Map<string, BudgetTrack>();
  const listeners = new Set<(message: UiMessage) => void>();
  const send = (message: UiMessage) => {
    for (const listener of listeners) listener(message);
  };
  const received = createReceived({
    onDecision: (data) => send({ event: "decision", data }),
    onWindow: (data) => {
      budgetTrackOf(data.window.functionName).add(data.window, data.slo);
      send({ event: "window", data });
    },
    log,
  });
  function budgetTrackOf(functionName: string): BudgetTrack {
    let track = budgets.get(functionName);
    if (!track) budgets.set(functionName, (track = new BudgetTrack()));
    return track;
  }
  const busView = (): BusView | null =>
    events ? { description: events.description, state: events.bus.state() } : null;

  const sample = (): Sample => {
    const nowMs = clock.nowMs();
    const snapshots = provider.list();
    const deployed = new Set(snapshots.map(({ deployment }) => deployment.service));
    for (const past of [tracks, budgets]) {
      for (const name of past.keys()) if (!deployed.has(name)) past.delete(name);
    }
    const functions = snapshots.map((snapshot) => {
      const name = snapshot.deployment.service;
      const track = tracks.get(name) ?? new FunctionTrack();
      tracks.set(name, track);
      const meter = meters.find(name);
      return viewOf(snapshot, track.read(nowMs, meter, snapshot), meter?.ended ?? 0, budgetTrackOf(name).use());
    });
    return { atMs: nowMs, bus: busView(), functions };
  };

  let latest = sample();
  const sampling = async () => {
    while (!signal.aborted) {
      await clock.sleep(SAMPLE_EVERY_MS, signal);
      if (signal.aborted) return;
      latest = sample();
      send({ event: "sample", data: latest });
    }
  };
  const running = [sampling(), ...(events ? [received.listen(events.bus, signal)] : [])];

  return {
    state: () => ({
      ...latest,
      platform,
      recentRates: Object.fromEntries([...tracks].map(([name, track]) => [name, track.recentRates(RECENT_RATES)])),
      decisions: received.decisions(),
      windows: received.windows(),
    }),
    history: (functionName) => tracks.get(functionName)?.history(),
    listen: (listener) => void listeners.add(listener),
    ended: Promise.all(running).then(() => undefined),
  };
}

function viewOf(snapshot: FunctionSnapshot, reading: Reading, invocations: number, used: BudgetUse): FunctionView {
  const { deployment, replicas, usage } = snapshot;
  const { service: name, image, labels, annotations, limits } = deployment;
  const managed = readManagedFunction({ name, labels, annotations }).managed ?? null;
  return {
    ...reading,
    name,
    image,
    state: stateOf(snapshot, reading.atMs),
    replicas: replicas.map(({ id, state, inFlight, pid, startedAtMs, readyAtMs }) => ({
      id,
      state,
      inFlight,
      pid,
      startedAtMs,
      readyAtMs,
    })),
    invocations,
    usage: { milliCpu: usage.cpu, memoryBytes: usage.totalMemoryBytes },
    limits: { cpu: limits?.cpu ?? null, memory: limits?.memory ?? null },
    managed,
    budget: managed && {
      slo: sloWords(managed.slo),
      share: used.share,
      budget: budgetOf(managed.slo),
      words: budgetUseWords(used, managed.slo),
    },
  };
}
