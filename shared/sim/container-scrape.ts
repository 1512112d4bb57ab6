/** Puts CPU and memory of the replicas into a store, as a scrape of cAdvisor and kube-state-metrics would. */
import { CONTAINER_SOURCE } from "../metrics/reading.ts";
import type { Series } from "../metrics/series.ts";
import { seriesId } from "../metrics/series-id.ts";
import type { SampleStore } from "../metrics/store.ts";
import type { SimParameters } from "./parameters.ts";
import type { SimulatedPlatform } from "./platform.ts";
import { DRAINING, READY, type Replica } from "./replicas.ts";

const BYTES_PER_MEGABYTE = 1e6;

interface Watched {
  readonly replica: Replica;
  readonly cpu: Series;
  readonly memory: Series;
  readonly cpuRequest: Series;
  readonly memoryRequest: Series;
  usedSeconds: number;
  bytes: number;
  goneSinceMs: number;
}

/** The containers' metrics, as a scrape of the platform's agent would have them. */
export class ContainerScrape {
  readonly #store: SampleStore;
  readonly #platform: SimulatedPlatform;
  readonly #p: SimParameters;
  readonly #functionName: string;
  readonly #namespace: string;
  #watched: Watched[] = [];

  constructor(
    store: SampleStore,
    platform: SimulatedPlatform,
    p: SimParameters,
    functionName: string,
    namespace: string,
  ) {
    this.#store = store;
    this.#platform = platform;
    this.#p = p;
    this.#functionName = functionName;
    this.#namespace = namespace;
  }

  /** Looks at the replicas; a scrape reports what was seen last. */
  housekeep(atMs: number): void {
    const { memoryBaseMegabytes, memoryPerCallMegabytes } = this.#p;
    for (const replica of this.#platform.deployment.replicas.all) {
      if (!isRunning(replica)) continue;
      const watched = this.#watched.find((one) => one.replica === replica) ?? this.#watch(replica);
      watched.usedSeconds = this.#platform.cpu.usedSeconds(replica.place, this.#platform.nowSeconds);
      watched.bytes = (memoryBaseMegabytes + replica.calls * memoryPerCallMegabytes) * BYTES_PER_MEGABYTE;
    }
    for (const watched of this.#watched) {
      if (!isRunning(watched.replica)) watched.goneSinceMs = Math.min(watched.goneSinceMs, atMs);
    }
  }

  /** Tells of all replicas. Series of those gone go on for `lingerSeconds`. */
  answer(atMs: number): void {
    this.#store.noteScrape(CONTAINER_SOURCE, atMs, true);
    for (const watched of this.#watched) {
      if (atMs - watched.goneSinceMs >= this.#p.lingerSeconds * 1000) mark(watched, atMs, "vanished");
      else this.#report(watched, atMs);
    }
    this.#watched = this.#watched.filter(({ cpu }) => cpu.isLive);
  }

  /** Reports replicas that were never reported, so that their use counts from here. */
  reportNew(atMs: number): void {
    if (this.#watched.length === this.#platform.deployment.replicas.all.length) return;
    this.housekeep(atMs);
    for (const watched of this.#watched) if (watched.cpu.length === 0) this.#report(watched, atMs);
  }

  fail(atMs: number): void {
    this.#store.noteScrape(CONTAINER_SOURCE, atMs, false);
    for (const watched of this.#watched) mark(watched, atMs, "unreachable");
  }

  #report({ cpu, memory, cpuRequest, memoryRequest, usedSeconds, bytes }: Watched, atMs: number): void {
    cpu.push(atMs, usedSeconds);
    memory.push(atMs, bytes);
    cpuRequest.push(atMs, this.#p.cpuRequestCores);
    memoryRequest.push(atMs, this.#p.memoryRequestMegabytes * BYTES_PER_MEGABYTE);
  }

  #watch(replica: Replica): Watched {
    const labels = { namespace: this.#namespace, pod: replica.name, container: this.#functionName };
    const make = (name: string, more: Readonly<Record<string, string>> = {}) =>
      this.#store.series(seriesId(name, { ...labels, ...more }))!;
    const watched: Watched = {
      replica,
      cpu: make("container_cpu_usage_seconds_total"),
      memory: make("container_memory_working_set_bytes"),
      cpuRequest: make("kube_pod_container_resource_requests", { resource: "cpu", unit: "core" }),
      memoryRequest: make("kube_pod_container_resource_requests", { resource: "memory", unit: "byte" }),
      usedSeconds: 0,
      bytes: 0,
      goneSinceMs: Infinity,
    };
    this.#watched.push(watched);
    return watched;
  }
}

function isRunning({ state }: Replica): boolean {
  return state === READY || state === DRAINING;
}

/** All of them: a series that no scrape touches is forgotten by the store. */
function mark(watched: Watched, atMs: number, how: "vanished" | "unreachable"): void {
  for (const series of [watched.cpu, watched.memory, watched.cpuRequest, watched.memoryRequest]) {
    series.push(atMs, NaN, how);
  }
}
