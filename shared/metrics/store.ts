/** A bounded store of samples, filled scrape by scrape, asked by name and labels. */
import type { Sample } from "./exposition.ts";
import { Series } from "./series.ts";
import { type SeriesId, seriesId } from "./series-id.ts";

/** How much a `SampleStore` keeps. */
export interface StoreOptions {
  /** Samples older than this are forgotten, and so are series without a newer one. Default 10 minutes. */
  readonly retentionMs?: number;
  /** Per series. Default 4,096. */
  readonly maxSamples?: number;
  /** Series beyond this are refused. Default 100,000. */
  readonly maxSeries?: number;
}

/** What a scrape says beside its samples. */
export interface AppendOptions {
  /** Series of which the scrape said something that is no use. */
  readonly unusable?: readonly SeriesId[];
  /** Whether a series that the scrape lacks is there no more; else it is missed. Default always. */
  readonly isGone?: (id: SeriesId) => boolean;
  /** Keys of series that are counted afresh from this sample on. */
  readonly rebased?: ReadonlySet<string>;
}

/** What became of a scrape beside the samples that were taken. */
export interface Appended {
  /** Not in it, and expected. */
  readonly missed: readonly SeriesId[];
  /** In it, and not taken, because the store was full of series. */
  readonly refused: readonly SeriesId[];
}

const NONE: readonly Series[] = [];
const NOTHING: ReadonlySet<string> = new Set();
const RETENTION_MS = 600_000;
const MAX_SAMPLES = 4096;
const MAX_SERIES = 100_000;

/** Series of one source that were live at its last answered scrape, or missed in it, and when it was scraped. */
interface Source {
  /** 1 where the scrape was answered, 0 where it was not: Prometheus's `up`. */
  readonly up: Series;
  live: Set<Series>;
  /** Keys that its last answered scrape had and the store did not take. */
  refused: ReadonlySet<string>;
}

/** The latest samples of all series that were scraped, found by name and labels. */
export class SampleStore {
  readonly #bounds: { readonly retentionMs: number; readonly maxSamples: number };
  readonly #maxSeries: number;
  readonly #series = new Map<string, Series>();
  /** name → label → value → series; also under label "" value "" all of a name. */
  readonly #postings = new Map<string, Map<string, Map<string, Series[]>>>();
  readonly #sources = new Map<string, Source>();
  /** Name, label and value of series that were refused → when last. Tells an absence from a counter never touched. */
  readonly #refusedAtMs = new Map<string, number>();
  #anyRefusedAtMs = -Infinity;
  #outOfOrder = 0;
  #sweptAtMs = -Infinity;

  constructor(options: StoreOptions = {}) {
    this.#bounds = { retentionMs: options.retentionMs ?? RETENTION_MS, maxSamples: options.maxSamples ?? MAX_SAMPLES };
    this.#maxSeries = options.maxSeries ?? MAX_SERIES;
  }

  get size(): number {
    return this.#series.size;
  }

  /** Samples not taken because they were not newer than what is there. */
  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  /**
   * Takes one answered scrape of `source` at `atMs`. A series that was in the source's last scrape and is not in this
   * one is marked stale at `atMs`, as Prometheus does; one that is only missed goes on being marked, so that it is not forgotten.
   * Timestamps inside samples are not used: one instant a scrape. What was refused before is counted from its first sample on, not from zero.
   */
  append(
    source: string,
    atMs: number,
    samples: readonly Sample[],
    { unusable = [], isGone = () => true, rebased = NOTHING }: AppendOptions = {},
  ): Appended {
    const from = this.#source(source);
    if (!from.up.push(atMs, 1)) {
      this.#outOfOrder += samples.length;
      return { missed: [], refused: [] };
    }
    const live = new Set<Series>();
    const refused: SeriesId[] = [];
    for (const { series: id, value } of samples) {
      const series = this.series(id);
      if (!series) {
        this.#refuse(id, atMs);
        refused.push(id);
        continue;
      }
      const isRebased = rebased.has(id.key) || (series.length === 0 && from.refused.has(id.key));
      if (series.push(atMs, value, isRebased ? "rebased" : "sample")) live.add(series);
      else this.#outOfOrder++;
    }
    for (const id of unusable) {
      const series = this.series(id);
      if (!series) this.#refuse(id, atMs);
      else if (series.push(atMs, NaN, "unreachable")) live.add(series);
    }
    const missed: SeriesId[] = [];
    for (const series of from.live) {
      if (live.has(series)) continue;
      const gone = isGone(series.id);
      series.push(atMs, NaN, gone ? "vanished" : "unreachable");
      if (gone) continue;
      live.add(series);
      missed.push(series.id);
    }
    from.live = live;
    from.refused = refused.length === 0 ? NOTHING : new Set(refused.map(({ key }) => key));
    this.#sweep(atMs);
    return { missed, refused };
  }

  /** Notes that `source` did not answer at `atMs`: all of its series become stale until it answers again. */
  appendFailure(source: string, atMs: number): void {
    const from = this.#source(source);
    if (!from.up.push(atMs, 0)) return;
    for (const series of from.live) series.push(atMs, NaN, "unreachable");
    this.#sweep(atMs);
  }

  /** Notes a scrape whose samples the caller pushes into `series` itself, stale marks included. */
  noteScrape(source: string, atMs: number, answered: boolean): void {
    this.#source(source).up.push(atMs, answered ? 1 : 0);
    this.#sweep(atMs);
  }

  /** When `source` was scraped: 1 answered, 0 not. Undefined before its first scrape. */
  scrapes(source: string): Series | undefined {
    return this.#sources.get(source)?.up;
  }

  /** The series of an id, made when it is new; undefined when the store is full. */
  series(id: SeriesId): Series | undefined {
    const known = this.#series.get(id.key);
    if (known) return known;
    if (this.#series.size >= this.#maxSeries) return undefined;
    const series = new Series(id, this.#bounds);
    this.#series.set(id.key, series);
    for (const list of this.#listsOf(id)) list.push(series);
    return series;
  }

  /** All series of a name, or those with `label` = `value`; not to be kept across appends. */
  select(name: string, label = "", value = ""): readonly Series[] {
    return this.#postings.get(name)?.get(label)?.get(value) ?? NONE;
  }

  /** Whether a series of that name, with `label` = `value`, was refused at `sinceMs` or later: then there are more than `select` has. */
  isRefused(name: string, label: string, value: string, sinceMs: number): boolean {
    if (this.#anyRefusedAtMs >= sinceMs) return true;
    const atMs = this.#refusedAtMs.size === 0 ? undefined : this.#refusedAtMs.get(refusedKey(name, label, value));
    return atMs !== undefined && atMs >= sinceMs;
  }

  #refuse({ name, labels }: SeriesId, atMs: number): void {
    // Too many to keep apart: from here on, any series may be one of them.
    if (this.#refusedAtMs.size >= this.#maxSeries) {
      this.#refusedAtMs.clear();
      this.#anyRefusedAtMs = atMs;
    }
    for (const label of Object.keys(labels)) this.#refusedAtMs.set(refusedKey(name, label, labels[label]!), atMs);
  }

  #source(name: string): Source {
    let source = this.#sources.get(name);
    if (!source) {
      source = { up: new Series(seriesId("up", { source: name }), this.#bounds), live: new Set(), refused: NOTHING };
      this.#sources.set(name, source);
    }
    return source;
  }

  #listsOf(id: SeriesId): Series[][] {
    const byLabel = entry(this.#postings, id.name, () => new Map<string, Map<string, Series[]>>());
    const lists = [entry(entry(byLabel, "", newLists), "", newList)];
    for (const label of Object.keys(id.labels)) {
      lists.push(entry(entry(byLabel, label, newLists), id.labels[label]!, newList));
    }
    return lists;
  }

  /** Forgets series whose newest entry is out of retention. Seldom: a quarter of the retention apart. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < this.#bounds.retentionMs / 4) return;
    this.#sweptAtMs = nowMs;
    for (const [key, atMs] of this.#refusedAtMs) {
      if (atMs < nowMs - this.#bounds.retentionMs) this.#refusedAtMs.delete(key);
    }
    for (const [key, series] of this.#series) {
      // An empty one was just made; its first sample is on its way.
      if (series.length === 0 || series.newestMs >= nowMs - this.#bounds.retentionMs) continue;
      this.#series.delete(key);
      const { name, labels } = series.id;
      const byLabel = this.#postings.get(name)!;
      remove(byLabel, "", "", series);
      for (const label of Object.keys(labels)) remove(byLabel, label, labels[label]!, series);
      if (byLabel.size === 0) this.#postings.delete(name);
    }
  }
}

const refusedKey = (name: string, label: string, value: string) => `${name} ${label} ${value}`;
const newList = (): Series[] => [];
const newLists = (): Map<string, Series[]> => new Map();

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function remove(byLabel: Map<string, Map<string, Series[]>>, label: string, value: string, series: Series): void {
  const byValue = byLabel.get(label)!;
  const left = byValue.get(value)!.filter((other) => other !== series);
  if (left.length > 0) byValue.set(value, left);
  else byValue.delete(value);
  if (byValue.size === 0) byLabel.delete(label);
}
