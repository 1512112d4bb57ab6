/** What must not change of a JSON document: its numbers, its yes and no, and the names that tell them apart. Sentences may. */

/** Names and digests stand without blanks; whatever has one is prose. */
const isProse = (text: string) => /\s/.test(text);

export function numbersOf(value: unknown, leaveOut: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => numbersOf(item, leaveOut));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, item]) => !leaveOut.has(key) && !(typeof item === "string" && isProse(item)),
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, numbersOf(item, leaveOut)]));
}
