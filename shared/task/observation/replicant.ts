/** `replicant-24`: the product's own observation. Unlike the published ones it remembers earlier windows. */
import type { ManagedFunction } from "../../core/managed-function.ts";
import { successShare, type DecidableWindow } from "../../core/window.ts";
import type { LoadMeter } from "../load-meter.ts";
import { violationShare } from "../violations.ts";
import { cutToRanges, type FeatureRange, type ObservationLayout, type WindowObserver } from "./layout.ts";

/** Rates are remembered this long: lags reach no further. */
const LONGEST_LAG = 120;
const SHORT_LAG = 10;
/** What the features are made of: the window, those before it, and the function's own measure. */
interface View {
  readonly window: DecidableWindow;
  readonly managed: ManagedFunction;
  /** Arrivals per second of this and earlier windows, the newest last; never empty. */
  readonly rates: readonly number[];
  readonly previousDesired: number;
  /** Replicas this window's load needs, and the busiest of the last ten. */
  readonly need: number;
  readonly peakNeed: number;
}

interface Row extends FeatureRange {
  readonly of: (view: View) => number;
}

const row = (name: string, low: number, high: number, of: Row["of"]): Row => ({ name, low, high, of });
const ln1 = Math.log1p;

/** ln of a ratio, each side lifted by `floor` so that nothing against nothing is 0. */
const lnRatio = (a: number, b: number, floor: number) => Math.log((a + floor) / (b + floor));

/**
 * Counts, rates and latencies on a logarithmic scale, latencies in SLOs, load in replicas: what is learned on one function
 * holds for another. Time of day is not in it: the agent learns on excerpts, whose clocks begin at 0.
 */
const FEATURES: readonly Row[] = [
  row("ln desired", 0, 7, ({ window }) => ln1(window.desiredReplicas)),
  row("ln ready", 0, 7, ({ window }) => ln1(window.availableReplicas)),
  row("pending", -24, 24, ({ window }) => window.desiredReplicas - window.availableReplicas),
  row("last action", -4, 4, ({ window, previousDesired }) => window.desiredReplicas - previousDesired),
  row("ln in-flight mean", 0, 12, ({ window }) => ln1(window.inFlightMean ?? 0)),
  row("ln in-flight max", 0, 12, ({ window }) => ln1(window.inFlightMax ?? 0)),
  row("ln in-flight ÷ target", 0, 7, ({ window, managed }) =>
    ln1((window.inFlightMean ?? 0) / (managed.targetInFlight * Math.max(1, window.availableReplicas))),
  ),
  row("cpu ratio", 0, 2, ({ window }) => window.cpuRatio ?? 0),
  row("memory ratio", 0, 2, ({ window }) => window.memoryRatio ?? 0),
  row("ln rate", 0, 12, ({ rates }) => ln1(lag(rates, 0))),
  row("rate ÷ 60 s mean", -3, 3, ({ rates }) => lnRatio(lag(rates, 0), mean(rates, 2), 0.1)),
  row("rate ÷ last window's", -3, 3, ({ rates }) => lnRatio(lag(rates, 0), lag(rates, 1), 0.1)),
  row("rate ÷ lag 10", -3, 3, ({ rates }) => lnRatio(lag(rates, 0), lag(rates, SHORT_LAG), 0.1)),
  row("rate ÷ lag 120", -3, 3, ({ rates }) => lnRatio(lag(rates, 0), lag(rates, LONGEST_LAG), 0.1)),
  row("rate ÷ mean of 10", -3, 3, ({ rates }) => lnRatio(lag(rates, 0), mean(rates, SHORT_LAG), 0.1)),
  row("ln needed", 0, 7, ({ need }) => ln1(need)),
  row("needed ÷ desired", -3, 3, ({ need, window }) => lnRatio(need, window.desiredReplicas, 0.5)),
  row("peak needed ÷ desired", -3, 3, ({ peakNeed, window }) => lnRatio(peakNeed, window.desiredReplicas, 0.5)),
  row("success share", 0, 1, ({ window }) => successShare(window) ?? 1),
  row("violation share", 0, 1, ({ window, managed }) => violationShare(window, managed.slo.seconds)),
  row("ln p50 ÷ SLO", 0, 5, ({ window, managed }) => ln1((window.latencySeconds.p50 ?? 0) / managed.slo.seconds)),
  row("ln p95 ÷ SLO", 0, 5, ({ window, managed }) => ln1((window.latencySeconds.p95 ?? 0) / managed.slo.seconds)),
  row("latency missing", 0, 1, ({ window }) => (window.latencySeconds.p95 === null ? 1 : 0)),
  row("metric age ÷ window", 0, 4, ({ window }) => (window.metricAgeSeconds ?? 0) / window.windowSeconds),
];

/** Of one function: rates and counts of earlier windows are remembered. */
class Observer implements WindowObserver {
  readonly #managed: ManagedFunction;
  readonly #load: LoadMeter;
  #rates: number[] = [];
  #desired: number | null = null;

  constructor(managed: ManagedFunction, load: LoadMeter) {
    this.#managed = managed;
    this.#load = load;
  }

  see(window: DecidableWindow): Float32Array {
    this.#rates = [...this.#rates.slice(-LONGEST_LAG), window.arrivals / window.windowSeconds];
    const view: View = {
      window,
      managed: this.#managed,
      rates: this.#rates,
      previousDesired: this.#desired ?? window.desiredReplicas,
      need: this.#load.now,
      peakNeed: this.#load.peak,
    };
    this.#desired = window.desiredReplicas;
    return cutToRanges(FEATURES, (i) => FEATURES[i]!.of(view));
  }
}

/** The layout `replicant-24`: 24 features. */
export const replicant24: ObservationLayout = {
  name: "replicant-24",
  features: FEATURES,
  observerOf: (managed, load) => new Observer(managed, load),
};

/** The value so many windows ago, or the oldest there is. */
function lag(rates: readonly number[], windows: number): number {
  return rates[Math.max(0, rates.length - 1 - windows)]!;
}

function mean(rates: readonly number[], windows: number): number {
  const last = rates.slice(-windows);
  return last.reduce((sum, rate) => sum + rate, 0) / last.length;
}
