/** Reads a regular expression into a tree: the syntax that this project's sources use, and an error for anything else. */

export type Node =
  | { readonly kind: "set"; readonly has: (char: string) => boolean; readonly samples: readonly string[] }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | { readonly kind: "repeat"; readonly body: Node; readonly min: number; readonly max: number; readonly lazy: boolean }
  | { readonly kind: "look"; readonly body: Node; readonly behind: boolean; readonly negative: boolean }
  | { readonly kind: "assert"; readonly at: "start" | "end" | "boundary" | "inside" };

interface CharSet {
  readonly has: (char: string) => boolean;
  /** Some of its members. */
  readonly samples: readonly string[];
}

const isWord = (char: string) => /\w/.test(char);
const shorthand: Readonly<Record<string, CharSet>> = {
  d: { has: (char) => char >= "0" && char <= "9", samples: ["0", "1"] },
  w: { has: isWord, samples: ["a", "0", "_"] },
  s: { has: (char) => /\s/.test(char), samples: [" ", "\n", "\t"] },
  D: { has: (char) => !(char >= "0" && char <= "9"), samples: ["x", "!"] },
  W: { has: (char) => !isWord(char), samples: ["!", " "] },
  S: { has: (char) => !/\s/.test(char), samples: ["x", "!"] },
};
const controls: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", v: "\v", f: "\f", "0": "\0" };

export function parsePattern(source: string, flags: string): Node {
  let at = 0;
  const ignoreCase = flags.includes("i");
  const fail = (): never => {
    throw new SyntaxError(`cannot read /${source}/ from position ${at} on: teach test/support/patterns/syntax.ts`);
  };
  const eat = (text: string) => source.startsWith(text, at) && ((at += text.length), true);

  const charSet = ({ has, samples }: CharSet): Node => {
    if (!ignoreCase) return { kind: "set", has, samples };
    const either = (char: string) => has(char.toLowerCase()) || has(char.toUpperCase());
    return { kind: "set", has: either, samples };
  };
  const literal = (char: string): CharSet => ({ has: (other) => other === char, samples: [char] });

  function choice(): Node {
    const options = [sequence()];
    while (eat("|")) options.push(sequence());
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  }

  function sequence(): Node {
    const parts: Node[] = [];
    while (at < source.length && source[at] !== "|" && source[at] !== ")") parts.push(repeated(atom()));
    return { kind: "sequence", parts };
  }

  function repeated(body: Node): Node {
    const bounds = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})/.exec(source.slice(at));
    if (!bounds) return body;
    at += bounds[0].length;
    const [, sign, low, comma, high] = bounds;
    const min = sign ? (sign === "+" ? 1 : 0) : Number(low);
    const max = sign ? (sign === "?" ? 1 : Infinity) : high ? Number(high) : comma ? Infinity : min;
    return { kind: "repeat", body, min, max, lazy: eat("?") };
  }

  function atom(): Node {
    if (eat("(")) {
      const look = /^\?(<?)([=!])/.exec(source.slice(at));
      if (look) at += look[0].length;
      else if (!eat("?:")) at += /^\?<\w+>/.exec(source.slice(at))?.[0].length ?? 0;
      const body = choice();
      if (!eat(")")) fail();
      return look ? { kind: "look", body, behind: look[1] === "<", negative: look[2] === "!" } : body;
    }
    if (eat("[")) return charSet(members());
    if (eat("^")) return { kind: "assert", at: "start" };
    if (eat("$")) return { kind: "assert", at: "end" };
    if (eat("\\b")) return { kind: "assert", at: "boundary" };
    if (eat("\\B")) return { kind: "assert", at: "inside" };
    if (eat(".")) {
      const all = flags.includes("s");
      return charSet({ has: (char) => all || (char !== "\n" && char !== "\r"), samples: ["x", "!"] });
    }
    if (source[at] === "{" || source[at] === "*" || source[at] === "+" || source[at] === "?") fail();
    return charSet(character());
  }

  function character(): CharSet {
    if (!eat("\\")) return literal(source[at++]!);
    const code = /^(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/.exec(source.slice(at));
    if (code) {
      at += code[0].length;
      return literal(String.fromCharCode(parseInt(code[1] ?? code[2]!, 16)));
    }
    const char = source[at++]!;
    if (/[1-9pPk]/.test(char)) fail();
    return shorthand[char] ?? literal(controls[char] ?? char);
  }

  function members(): CharSet {
    const negative = eat("^");
    const sets: CharSet[] = [];
    while (!eat("]")) {
      if (at >= source.length) fail();
      const first = character();
      if (source[at] !== "-" || source[at + 1] === "]") {
        sets.push(first);
        continue;
      }
      at++;
      const [low, high] = [first.samples[0]!, character().samples[0]!];
      sets.push({ has: (char) => char >= low && char <= high, samples: [low, high] });
    }
    const has = (char: string) => sets.some((set) => set.has(char));
    if (!negative) return { has, samples: sets.flatMap(({ samples }) => samples) };
    const others = ["x", "!", " ", "0", "\n", "/", '"'].filter((char) => !has(char));
    return { has: (char) => !has(char), samples: others.slice(0, 3) };
  }

  const tree = choice();
  if (at < source.length) fail();
  return tree;
}
