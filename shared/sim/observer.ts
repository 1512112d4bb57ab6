/**
 * The observation path: how a policy comes to know what happens on the simulated platform. Counters are scraped into the same store, and
 * turned into windows and ticks by the same code, as on a live platform; nothing else of the simulation is shown.
 *
 * `exact`: as Replicant's own collector does it: gateway and containers are read at each tick and window end.
 * `promql`: as through a Prometheus: scrapes at their own pace and a random phase, rates extrapolated, CPU seen late.
 */
import type { Random } from "../core/random.ts";
import type { MetricsWindow, Tick } from "../core/window.ts";
import type { NamedFunction, WindowMode } from "../metrics/reading.ts";
import { SampleStore } from "../metrics/store.ts";
import { buildTick, buildWindow } from "../metrics/window-builder.ts";
import { ContainerScrape } from "./container-scrape.ts";
import { GatewayScrape } from "./gateway-scrape.ts";
import type { SimulatedPlatform } from "./platform.ts";
import { managedFunctionOf, type SimProfile } from "./profiles.ts";

/** What an observer looks at, and how. */
export interface ObserverStart {
  readonly platform: SimulatedPlatform;
  readonly profile: SimProfile;
  readonly random: Random;
  readonly mode: WindowMode;
  readonly windowSeconds: number;
}

/** cAdvisor's pace varies; without that, its phase against the scrapes would be the same at every window. */
const HOUSEKEEPING_JITTER = 0.2;
const PROMETHEUS_RETENTION_MS = 400_000;

/** Scrapes the simulated platform, and makes ticks and windows of the scrapes as the collector does. */
export class Observer {
  readonly store: SampleStore;
  readonly #start: ObserverStart;
  readonly #random: Random;
  readonly #gateway: GatewayScrape;
  readonly #containers: ContainerScrape;
  readonly #about: NamedFunction;
  #gatewayDueSeconds: number;
  #containersDueSeconds: number;
  #houseDueSeconds: number;
  /** Exact mode: the scrape at the window's end will have no answer. */
  #endFails = false;
  #tickedStarted = 0;
  #isAnswered = true;
  #answeredSeconds = 0;
  #seq = 0;

  constructor(start: ObserverStart) {
    const { platform, profile, mode, windowSeconds, random } = start;
    const { functionName, namespace } = managedFunctionOf(profile);
    const p = profile.parameters;
    this.#start = start;
    this.#random = random;
    this.#about = { functionName, namespace };
    this.store = new SampleStore({
      retentionMs: mode === "exact" ? windowSeconds * 2500 : PROMETHEUS_RETENTION_MS + 2000 * p.rateWindowSeconds,
    });
    this.#gateway = new GatewayScrape(this.store, platform.gateway, functionName, namespace);
    this.#containers = new ContainerScrape(this.store, platform, p, functionName, namespace);
    const isExact = mode === "exact";
    this.#gatewayDueSeconds = isExact ? Infinity : random.next() * p.gatewayScrapeSeconds;
    this.#containersDueSeconds = isExact ? Infinity : random.next() * p.containerScrapeSeconds;
    this.#houseDueSeconds =
      isExact || p.cpuHousekeepingSeconds === 0 ? Infinity : random.next() * p.cpuHousekeepingSeconds;
    if (isExact) {
      this.#gateway.answer(0, "all");
      this.#containers.housekeep(0);
      this.#containers.answer(0);
      this.#endFails = this.#isDropped();
    }
  }

  /** Lets the platform run up to `untilSeconds`, scraping on the way. */
  advance(untilSeconds: number): void {
    const { platform, profile } = this.#start;
    const p = profile.parameters;
    for (;;) {
      const due = Math.min(this.#gatewayDueSeconds, this.#containersDueSeconds, this.#houseDueSeconds);
      if (!(due < untilSeconds)) break;
      platform.runUntil(due);
      if (due === this.#houseDueSeconds) {
        this.#containers.housekeep(due * 1000);
        this.#houseDueSeconds += p.cpuHousekeepingSeconds * (1 + HOUSEKEEPING_JITTER * (2 * this.#random.next() - 1));
      } else if (due === this.#gatewayDueSeconds) {
        if (this.#isDropped()) this.#gateway.fail(due * 1000);
        else this.#gateway.answer(due * 1000, "all");
        this.#gatewayDueSeconds += p.gatewayScrapeSeconds;
      } else {
        if (p.cpuHousekeepingSeconds === 0) this.#containers.housekeep(due * 1000);
        if (this.#isDropped()) this.#containers.fail(due * 1000);
        else this.#containers.answer(due * 1000);
        this.#containersDueSeconds += p.containerScrapeSeconds;
      }
    }
    platform.runUntil(untilSeconds);
  }

  /** Exact mode: reads the platform now, `remainingSeconds` before a window ends. Prometheus scrapes when it likes. */
  measure(remainingSeconds: number): void {
    const { platform, mode, windowSeconds } = this.#start;
    if (mode === "promql") return;
    const atMs = platform.nowSeconds * 1000;
    const isEnd = remainingSeconds <= 0;
    this.#isAnswered = isEnd ? !this.#endFails : !this.#isDropped();
    if (this.#isAnswered) {
      // The last reading that can replace the end's, when that one will fail, must be whole, too.
      const isWhole = isEnd || (this.#endFails && remainingSeconds <= windowSeconds / 4);
      this.#gateway.answer(atMs, isWhole ? "all" : "in-flight");
      if (isEnd) {
        this.#containers.housekeep(atMs);
        this.#containers.answer(atMs);
      } else this.#containers.reportNew(atMs);
      this.#answeredSeconds = platform.nowSeconds;
    } else {
      this.#gateway.fail(atMs);
      if (isEnd) this.#containers.fail(atMs);
    }
    if (isEnd) this.#endFails = this.#isDropped();
  }

  /** The tick of this instant, `sinceSeconds` after the last. */
  tick(sinceSeconds: number): Tick {
    const { platform, mode } = this.#start;
    const { gateway, nowSeconds } = platform;
    const atMs = nowSeconds * 1000;
    const { functionName, namespace } = this.#about;
    if (mode === "promql") {
      const sinceMs = atMs - sinceSeconds * 1000;
      const replicas = this.#replicas();
      return buildTick(this.store, { functionName, namespace, atMs, sinceMs, timeLapse: 1, replicas });
    }
    // What `buildTick` makes of this instant's reading, without the way through the store.
    const arrivals = gateway.started - this.#tickedStarted;
    if (this.#isAnswered) this.#tickedStarted = gateway.started;
    return {
      functionName,
      namespace,
      generation: "",
      atMs,
      timeLapse: 1,
      inFlight: this.#isAnswered ? gateway.inFlight : null,
      desiredReplicas: platform.desired,
      availableReplicas: platform.available,
      arrivals: this.#isAnswered ? arrivals : null,
      metricAgeSeconds: nowSeconds - this.#answeredSeconds,
    };
  }

  /** The window that ends at this instant. */
  window(): MetricsWindow {
    const { platform, mode, windowSeconds, profile } = this.#start;
    const { functionName, namespace } = this.#about;
    return buildWindow(this.store, {
      functionName,
      namespace,
      seq: ++this.#seq,
      windowSeconds,
      endedAtMs: platform.nowSeconds * 1000,
      timeLapse: 1,
      mode,
      sloSeconds: profile.slo.seconds,
      rangeSeconds: mode === "promql" ? profile.parameters.rateWindowSeconds : windowSeconds,
      replicas: this.#replicas(),
    });
  }

  #replicas() {
    const { desired, available } = this.#start.platform;
    return { desiredReplicas: desired, availableReplicas: available };
  }

  #isDropped(): boolean {
    const chance = this.#start.profile.parameters.droppedScrapeChance;
    return chance > 0 && this.#random.next() < chance;
  }
}
