/** Text that goes into HTML. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML shows it. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const thousands = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/** Thousands apart by a narrow space, so that digits can be counted. */
export function grouped(value: number): string {
  return thousands.format(value).replaceAll(",", "\u202f");
}
