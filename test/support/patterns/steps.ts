/** A backtracking matcher that counts: how many nodes of a pattern are tried on a text, as engines without memory try them. */
import type { Node } from "./syntax.ts";

export interface Search {
  readonly steps: number;
  /** Every match in order, as `String.matchAll` finds them; only the first without the flag `g`. Null: too many steps to go on. */
  readonly matches: readonly string[] | null;
}

class TooMany extends Error {}

type Next = (at: number) => boolean;

export function search(tree: Node, flags: string, text: string, mostSteps: number): Search {
  let steps = 0;
  const multiline = flags.includes("m");
  const isLineEnd = (char: string | undefined) => char === "\n" || char === "\r";
  const word = (at: number) => at >= 0 && at < text.length && /\w/.test(text[at]!);

  function run(node: Node, at: number, next: Next): boolean {
    if (++steps > mostSteps) throw new TooMany();
    switch (node.kind) {
      case "set":
        return at < text.length && node.has(text[at]!) && next(at + 1);
      case "sequence":
        return sequence(node.parts, 0, at, next);
      case "choice":
        return node.options.some((option) => run(option, at, next));
      case "repeat":
        return repeat(node, 0, at, next);
      case "look": {
        const found = node.behind
          ? at >= lengthOf(node.body) && run(node.body, at - lengthOf(node.body), (end) => end === at)
          : run(node.body, at, () => true);
        return found !== node.negative && next(at);
      }
      case "assert":
        return holds(node.at, at) && next(at);
    }
  }

  function holds(what: "start" | "end" | "boundary" | "inside", at: number): boolean {
    if (what === "start") return at === 0 || (multiline && isLineEnd(text[at - 1]));
    if (what === "end") return at === text.length || (multiline && isLineEnd(text[at]));
    return (word(at - 1) !== word(at)) === (what === "boundary");
  }

  function sequence(parts: readonly Node[], index: number, at: number, next: Next): boolean {
    if (index === parts.length) return next(at);
    return run(parts[index]!, at, (end) => sequence(parts, index + 1, end, next));
  }

  function repeat(node: Node & { kind: "repeat" }, count: number, at: number, next: Next): boolean {
    const { body, min, max, lazy } = node;
    const again = () =>
      count < max &&
      // As the language has it: a turn beyond the least that takes nothing ends the loop.
      run(body, at, (end) => (end > at || count < min) && repeat(node, count + 1, end, next));
    if (count < min) return again();
    return lazy ? next(at) || again() : again() || next(at);
  }

  const matches: string[] = [];
  try {
    for (let start = 0; start <= text.length;) {
      let end = -1;
      run(tree, start, (at) => ((end = at), true));
      if (end >= 0) {
        matches.push(text.slice(start, end));
        if (!flags.includes("g")) break;
        start = Math.max(end, start + 1);
      } else if (flags.includes("y")) break;
      else start++;
    }
  } catch (thrown) {
    if (!(thrown instanceof TooMany)) throw thrown;
    return { steps, matches: null };
  }
  return { steps, matches };
}

/** Of what is in a lookbehind: one length only. */
function lengthOf(node: Node): number {
  switch (node.kind) {
    case "set":
      return 1;
    case "sequence":
      return node.parts.reduce((sum, part) => sum + lengthOf(part), 0);
    case "choice": {
      const [first, ...others] = node.options.map(lengthOf);
      if (others.every((other) => other === first)) return first!;
      throw new SyntaxError("a lookbehind of several lengths is not counted here");
    }
    case "repeat":
      if (node.min === node.max) return node.min * lengthOf(node.body);
      throw new SyntaxError("a lookbehind of several lengths is not counted here");
    default:
      return 0;
  }
}
