/** Subjects of the NATS protocol: which are well formed, and which a pattern takes. */

/** Tokens parted by dots, none empty, none with white space; a published subject has no wildcards. */
export function isPublishable(subject: string): boolean {
  return isPattern(subject) && !hasWildcard(subject);
}

/** As `isPublishable`, but with wildcards: `*` matches one token, a final `>` one or more. */
export function isPattern(subject: string): boolean {
  if (subject === "" || /[\s\0]/.test(subject)) return false;
  const tokens = subject.split(".");
  return tokens.every((token, index) => token !== "" && (token !== ">" || index === tokens.length - 1));
}

/** Whether a pattern takes more than the subject of its own name. */
export function hasWildcard(pattern: string): boolean {
  return pattern.split(".").some((token) => token === "*" || token === ">");
}

/** Whether a pattern (as tokens) takes a published subject (as tokens). */
export function matches(pattern: readonly string[], subject: readonly string[]): boolean {
  for (let index = 0; index < pattern.length; index++) {
    const wanted = pattern[index];
    if (wanted === ">") return subject.length > index;
    if (index >= subject.length || (wanted !== "*" && wanted !== subject[index])) return false;
  }
  return pattern.length === subject.length;
}
