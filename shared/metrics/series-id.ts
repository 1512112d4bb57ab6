/** What names a series: a metric name and labels, and one text that is the same for the same series. */

/** A series: its metric's name and its labels. */
export interface SeriesId {
  readonly name: string;
  /** Without empty values: to Prometheus an empty label is an absent one. Has no prototype. */
  readonly labels: Readonly<Record<string, string>>;
  /** Name and sorted labels, quoted: equal keys, equal series. */
  readonly key: string;
}

/** Makes the id of a series from its name and labels, in any order. */
export function seriesId(name: string, labels: Readonly<Record<string, string>> = {}): SeriesId {
  const kept = Object.create(null) as Record<string, string>;
  const parts: string[] = [];
  for (const label of Object.keys(labels).sort()) {
    const value = labels[label]!;
    if (value === "") continue;
    kept[label] = value;
    parts.push(`${label}=${JSON.stringify(value)}`);
  }
  return { name, labels: kept, key: `${name}{${parts.join(",")}}` };
}
