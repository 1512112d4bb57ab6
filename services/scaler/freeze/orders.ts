/** What operators froze: everything, or single functions. Plain data; no clock compares two of them. */
import { BadInputError } from "#shared/core/errors.ts";

export interface Freeze {
  readonly by: string;
  /** Wall clock, for people. */
  readonly since: string;
}

export interface Orders {
  /** Grows with each order. */
  readonly number: number;
  readonly all: Freeze | null;
  readonly functions: Readonly<Record<string, Freeze>>;
}

export interface Order {
  readonly action: "freeze" | "thaw";
  /** Null: everything. */
  readonly functionName: string | null;
  readonly freeze: Freeze;
}

export const NO_ORDERS: Orders = { number: 0, all: null, functions: {} };

/** `thaw` of everything ends every freeze; `thaw` of a function leaves one of everything in force. */
export function carryOut(orders: Orders, { action, functionName, freeze }: Order): Orders {
  const number = orders.number + 1;
  if (functionName === null) {
    return action === "freeze" ? { ...orders, number, all: freeze } : { number, all: null, functions: {} };
  }
  const { [functionName]: _one, ...others } = orders.functions;
  return { ...orders, number, functions: action === "freeze" ? { ...others, [functionName]: freeze } : others };
}

/** The later of both. Two that were given apart under one number hold together: what either froze stays frozen. */
export function later(a: Orders, b: Orders): Orders {
  if (a.number !== b.number) return a.number > b.number ? a : b;
  return { number: a.number, all: a.all ?? b.all, functions: { ...b.functions, ...a.functions } };
}

export function freezeOf({ all, functions }: Orders, functionName: string): Freeze | null {
  return all ?? (Object.hasOwn(functions, functionName) ? functions[functionName]! : null);
}

export interface Stored {
  readonly orders: Orders;
  /** Given while it was not known what was in force: they are to be carried out on that. */
  readonly unfounded: readonly Order[];
}

export function ordersText(orders: Orders, unfounded: readonly Order[] = []): string {
  return `${JSON.stringify({ ...orders, ...(unfounded.length > 0 && { unfounded }) })}\n`;
}

/** Throws `BadInputError` for what is no such text: then nothing may be concluded from it. */
export function parseOrders(text: string): Stored {
  let given: Partial<Record<keyof Orders | "unfounded", unknown>>;
  try {
    given = (JSON.parse(text) ?? {}) as typeof given;
  } catch {
    throw new BadInputError("the orders are not JSON");
  }
  const { number, all, functions, unfounded = [] } = given;
  const areFunctions =
    typeof functions === "object" && functions !== null && Object.values(functions).every((one) => isFreeze(one));
  const areOrders = Array.isArray(unfounded) && unfounded.every((one) => isOrder(one));
  if (!Number.isSafeInteger(number) || !(all === null || isFreeze(all)) || !areFunctions || !areOrders) {
    throw new BadInputError("the orders have another form");
  }
  return { orders: { number: number as number, all, functions: functions as Orders["functions"] }, unfounded };
}

function isOrder(value: unknown): value is Order {
  const { action, functionName, freeze } = (value ?? {}) as Partial<Record<keyof Order, unknown>>;
  const isNamed = functionName === null || typeof functionName === "string";
  return (action === "freeze" || action === "thaw") && isNamed && isFreeze(freeze);
}

function isFreeze(value: unknown): value is Freeze {
  const { by, since } = (value ?? {}) as Partial<Record<keyof Freeze, unknown>>;
  return typeof by === "string" && typeof since === "string";
}
