/**
 * Whether a message was published to the subject it arrived under, by whoever may publish there. A server answers to any
 * reply subject that a caller names: what it sends there of its own store carries these headers, and what it delivers to a
 * consumer there keeps the subject it had in the stream.
 */

/** The parts of a message that show how it came. */
export interface Arrived {
  readonly subject: string;
  readonly headers?: { has(name: string): boolean } | undefined;
}

const FROM_A_STORE = ["Nats-Stream", "Nats-Subject", "Nats-Sequence"];

/** Null, or what is wrong with it. */
export function secondHand({ subject, headers }: Arrived, expected: string): string | null {
  if (subject !== expected) return `it was published to '${subject.slice(0, 200)}'`;
  return FROM_A_STORE.some((name) => headers?.has(name)) ? "it is an answer from a store" : null;
}
