/** Hostile values: what is valid, bent in one place or several, as somebody would who knows the schema and means no good. */
import fc from "fast-check";

/** A bend: where, and what is there instead. `Absent` removes the field. */
export const ABSENT = Symbol("absent");

/** Lists in lists, so many deep. */
export function nested(depth: number, kind: "list" | "object" = "list"): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = kind === "list" ? [value] : { a: value };
  return value;
}

const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "toJSON", "length", "then", ""];

/** Another type, another size, another nesting, another range. */
export function hostileValue(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constantFrom<unknown>(ABSENT, null, true, false, 0, -0, -1, 0.5, 1e308, -1e308, 8.64e15, 8e15, 1e-320, 2 ** 53),
    fc.constantFrom<unknown>(
      "",
      "NaN",
      "-1",
      "../../etc/passwd",
      "/etc/passwd",
      "\u0000",
      "\ud800",
      "a\r\nb: c",
      "${X}",
    ),
    fc.constantFrom<unknown>([], {}, [[]], [null], { length: 1e9 }, { toString: 1, valueOf: 1 }, { then: 1 }),
    fc.constantFrom<unknown>(
      "model:/etc",
      "external",
      "hpa:cpu=1e999",
      "fixed:-1",
      "holt-winters:season=99999",
      "oracle",
    ),
    fc.integer({ min: 1, max: 300 }).map((depth) => nested(depth)),
    fc.integer({ min: 1, max: 300 }).map((depth) => nested(depth, "object")),
    fc.integer({ min: 1, max: 3_000 }).map((count) => new Array<number>(count).fill(7)),
    fc.integer({ min: 1, max: 5_000 }).map((count) => "x".repeat(count)),
    fc.constantFrom(...NAMES).map((name) => JSON.parse(`{${JSON.stringify(name)}:{"polluted":true}}`) as unknown),
    fc.double(),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.jsonValue({ maxDepth: 3 }),
  );
}

/** The value with one to four of its places bent. Places are those that the value has, and new ones beside them. */
export function bent(value: unknown): fc.Arbitrary<unknown> {
  const bend = fc.record({
    at: fc.nat(),
    to: hostileValue(),
    name: fc.oneof(fc.constant(null), fc.constantFrom(...NAMES, "polluted")),
  });
  return fc.array(bend, { minLength: 1, maxLength: 4 }).map((bends) => {
    const root = { value: structuredClone(value) };
    for (const { at, to, name } of bends) {
      const places = placesIn(root);
      const place = places[at % places.length];
      if (place === undefined) break; // All of it is gone.
      const { holder, key } = place;
      // Defined, not assigned: `__proto__` is to be a field like any other.
      const field = name !== null && !Array.isArray(holder) ? name : key;
      if (to === ABSENT) delete (holder as Record<string, unknown>)[field];
      else Object.defineProperty(holder, field, { value: to, enumerable: true, configurable: true, writable: true });
    }
    return root.value;
  });
}

interface Place {
  readonly holder: object;
  readonly key: string;
}

function placesIn(value: unknown): Place[] {
  const places: Place[] = [];
  const seek = (holder: unknown, depth: number) => {
    if (typeof holder !== "object" || holder === null || depth > 8) return;
    for (const key of Object.keys(holder).slice(0, 50)) {
      places.push({ holder, key });
      seek((holder as Record<string, unknown>)[key], depth + 1);
    }
  };
  seek(value, 0);
  return places;
}

/** A text with some of its characters lost, doubled or replaced, or cut. */
export function mangled(text: string): fc.Arbitrary<string> {
  const cut = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 20 }),
    put: fc.oneof(
      fc.constantFrom(
        "",
        "\u0000",
        '"',
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "1e999",
        "-",
        "NaN",
        "&a *a",
        "<<: *a",
        "\ud800",
      ),
      fc.string({ unit: "binary", maxLength: 6 }),
    ),
  });
  return fc.array(cut, { minLength: 1, maxLength: 5 }).map((cuts) =>
    cuts.reduce((so, { at, remove, put }) => {
      const place = so.length === 0 ? 0 : at % so.length;
      return so.slice(0, place) + put + so.slice(place + remove);
    }, text),
  );
}

/** JSON, or nothing for what has none. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}

/** One sentence for people: one line, not a stack, not a megabyte. */
export function isSentence(text: unknown): boolean {
  return typeof text === "string" && text.length > 0 && text.length < 4_500 && !/\n\s+at /.test(text);
}

/** Throws when a hostile value reached the prototypes that all objects share. */
export function assertUnpolluted(): void {
  for (const prototype of [Object.prototype, Array.prototype, Function.prototype]) {
    if ("polluted" in prototype) throw new Error("a shared prototype was changed");
  }
}
