/**
 * What operators froze: everything, or single functions. Plain data, and no clock compares two of them: each freeze holds until
 * a thaw that was given where it was known, so orders that replicas received separately can be merged.
 */
import { BadInputError } from "#shared/core/errors.ts";
import { parseJson } from "#shared/core/checked.ts";

/** Who froze something, and when. */
export interface Freeze {
  readonly by: string;
  /** Wall clock, for people. */
  readonly since: string;
}

/** All that is frozen, and what was thawed. */
export interface Orders {
  /** Grows with each order, and is the greatest of those that were brought together. */
  readonly number: number;
  /** By the id of the order that gave it. */
  readonly freezes: Readonly<Record<string, FreezeOf>>;
  /** What a thaw ended: the number of the thaw by the id of the freeze. It may still be in another store. */
  readonly thawed: Readonly<Record<string, number>>;
}

interface FreezeOf extends Freeze {
  /** Null: everything. */
  readonly functionName: string | null;
}

/** A freeze or a thaw, of one function or of everything. */
export interface Order {
  readonly action: "freeze" | "thaw";
  /** Null: everything. */
  readonly functionName: string | null;
  readonly freeze: Freeze;
}

/** An order with an id that no other has. */
export interface GivenOrder extends Order {
  readonly id: string;
}

/** Nothing is frozen, and never was. */
export const NO_ORDERS: Orders = { number: 0, freezes: {}, thawed: {} };

/** A place that missed so many thaws may bring a freeze back, until the next thaw: frozen is the safe side. */
const MAX_THAWED = 200;

/** `thaw` of everything ends every freeze; `thaw` of a function leaves one of everything in force. */
export function carryOut(orders: Orders, { id, action, functionName, freeze }: GivenOrder): Orders {
  const number = orders.number + 1;
  // A freeze of the same takes the place of the one before.
  const isEnded = (one: FreezeOf) => one.functionName === functionName || (action === "thaw" && functionName === null);
  const ended = Object.keys(orders.freezes).filter((known) => isEnded(orders.freezes[known]!));
  const given = action === "freeze" ? { [id]: { ...freeze, functionName } } : {};
  return inOrder({
    number,
    freezes: { ...orders.freezes, ...given },
    thawed: { ...orders.thawed, ...Object.fromEntries(ended.map((known) => [known, number])) },
  });
}

/** What either froze, but for what either knows to be thawed; the same whichever comes first. */
export function together(a: Orders, b: Orders): Orders {
  const thawed = { ...a.thawed };
  for (const [id, number] of Object.entries(b.thawed)) thawed[id] = Math.max(number, thawed[id] ?? 0);
  return inOrder({ number: Math.max(a.number, b.number), freezes: { ...b.freezes, ...a.freezes }, thawed });
}

/** Without the freezes that were thawed, and sorted, so that two stores with the same orders have the same text. */
function inOrder({ number, freezes, thawed }: Orders): Orders {
  const lasting = Object.entries(freezes).filter(([id]) => !Object.hasOwn(thawed, id));
  const last = Object.entries(thawed).sort(([one, a], [other, b]) => b - a || compare(one, other));
  return {
    number,
    freezes: Object.fromEntries(lasting.sort(([one], [other]) => compare(one, other))),
    thawed: Object.fromEntries(last.slice(0, MAX_THAWED)),
  };
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);

/** The one of everything; else the function's. */
export function freezeOf(orders: Orders, functionName: string): Freeze | null {
  return freezeNamed(orders, null) ?? freezeNamed(orders, functionName);
}

/** The freeze of a function itself, or (null) of everything; null where there is none. */
export function freezeNamed({ freezes }: Orders, functionName: string | null): Freeze | null {
  return Object.values(freezes).find((one) => one.functionName === functionName) ?? null;
}

/** The single functions that are frozen. */
export function frozenNames({ freezes }: Orders): readonly string[] {
  return [...new Set(Object.values(freezes).flatMap(({ functionName }) => functionName ?? []))].sort();
}

/** What a store holds. */
export interface Stored {
  readonly orders: Orders;
  /** Given while it was not known what was in force: they are to be carried out on that. */
  readonly unfounded: readonly GivenOrder[];
}

/** One line of JSON, as `parseOrders` reads it. */
export function ordersText(orders: Orders, unfounded: readonly GivenOrder[] = []): string {
  return `${JSON.stringify({ ...orders, ...(unfounded.length > 0 && { unfounded }) })}\n`;
}

type GivenOrders = Partial<Record<keyof Orders | keyof OldOrders | "unfounded", unknown>>;

/** Throws `BadInputError` for what is no such text: then nothing may be concluded from it. */
export function parseOrders(text: string): Stored {
  const given = (parseJson(text, "the orders are not JSON") ?? {}) as GivenOrders;
  const { number, freezes, thawed, unfounded = [] } = given;
  const areOrders = Array.isArray(unfounded) && unfounded.every((one) => isOrder(one));
  const isOld = freezes === undefined && areOld(given);
  const areNew = isRecord(freezes, isFreezeOf) && isRecord(thawed, Number.isSafeInteger);
  if (!Number.isSafeInteger(number) || !areOrders || !(isOld || areNew)) {
    throw new BadInputError("the orders have another form");
  }
  return {
    orders: isOld ? fromOld(given as OldOrders) : inOrder({ number, freezes, thawed } as Orders),
    unfounded: unfounded.map((one) => ({ ...one, id: one.id ?? `unfounded: ${oldId(one.functionName, one.freeze)}` })),
  };
}

/** As it was kept before freezes had ids. */
interface OldOrders {
  readonly number: number;
  readonly all: Freeze | null;
  readonly functions: Readonly<Record<string, Freeze>>;
}

function areOld({ all, functions }: Partial<Record<keyof OldOrders, unknown>>): boolean {
  return (all === null || isFreeze(all)) && isRecord(functions, isFreeze);
}

function fromOld({ number, all, functions }: OldOrders): Orders {
  const single = Object.entries(functions).map(([functionName, freeze]) => ({ ...freeze, functionName }));
  const freezes: FreezeOf[] = [...(all === null ? [] : [{ ...all, functionName: null }]), ...single];
  const named = freezes.map((one) => [oldId(one.functionName, one), one] as const);
  return inOrder({ number, freezes: Object.fromEntries(named), thawed: {} });
}

/** One that every place comes to alike. */
function oldId(functionName: string | null, { by, since }: Freeze): string {
  return `${functionName ?? "everything"}, by ${by} since ${since}`;
}

function isRecord(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every((one) => isOne(one));
}

function isOrder(value: unknown): value is Order & { readonly id?: string } {
  const { id, action, functionName, freeze } = (value ?? {}) as Partial<Record<keyof GivenOrder, unknown>>;
  const hasId = id === undefined || typeof id === "string";
  return hasId && (action === "freeze" || action === "thaw") && isName(functionName) && isFreeze(freeze);
}

function isFreezeOf(value: unknown): value is FreezeOf {
  return isFreeze(value) && isName((value as Partial<FreezeOf>).functionName);
}

function isName(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isFreeze(value: unknown): value is Freeze {
  const { by, since } = (value ?? {}) as Partial<Record<keyof Freeze, unknown>>;
  return typeof by === "string" && typeof since === "string";
}
