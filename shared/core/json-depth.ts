/** How deep JSON nests. Of a text it is known before it is parsed: a few megabytes of brackets become millions of objects. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{` differ in one bit, and so do `]` and `}`. */
const CASE = 0x20;
const OPENER = 0x7b;
const CLOSER = 0x7d;

/** Whether lists and objects are nested more than `most` deep. One pass; brackets within strings do not count. */
export function nestsDeeperThan(text: string, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if ((code | CASE) === OPENER) {
      if (++depth > most) return true;
    } else if ((code | CASE) === CLOSER) depth--;
  }
  return false;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) break;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

/** The same of what is parsed already, and might be too deep to be written again. Looks no deeper than `most`. */
export function valueNestsDeeperThan(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (most === 0) return true;
  for (const name in value) {
    if (valueNestsDeeperThan((value as Readonly<Record<string, unknown>>)[name], most - 1)) return true;
  }
  return false;
}
