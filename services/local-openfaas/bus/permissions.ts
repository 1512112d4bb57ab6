/** What one client may do, as nats-server decides it: subjects to publish to, and subjects to subscribe to with or without a queue. */
import type { Permissions } from "#shared/events/bus-permissions.ts";
import { matches } from "./subjects.ts";

/** What a client is asked for before each publication and subscription. */
export interface Allowed {
  mayPublish(subject: string): boolean;
  maySubscribe(pattern: string, queue: string | null): boolean;
}

/** No bounds. */
export const EVERYTHING: Allowed = { mayPublish: () => true, maySubscribe: () => true };

/** As a table of permissions says. */
export function allowedBy({ publish, subscribe }: Permissions): Allowed {
  const literal = new Set(publish);
  const patterns = publish.map((pattern) => pattern.split("."));
  const subscriptions = subscribe.map(({ subject, queue }) => ({ tokens: subject.split("."), queue }));
  return {
    mayPublish(subject) {
      if (literal.has(subject)) return true;
      const tokens = subject.split(".");
      return patterns.some((pattern) => matches(pattern, tokens));
    },
    maySubscribe(pattern, queue) {
      const tokens = pattern.split(".");
      return subscriptions.some((one) => one.queue === queue && covers(one.tokens, tokens));
    },
  };
}

/** Whether everything that `inner` takes, `outer` takes too. */
export function covers(outer: readonly string[], inner: readonly string[]): boolean {
  for (let index = 0; index < outer.length; index++) {
    const wanted = outer[index];
    const asked = inner[index];
    if (asked === undefined) return false;
    if (wanted === ">") return true;
    if (asked === ">" || (asked === "*" && wanted !== "*")) return false;
    if (wanted !== "*" && wanted !== asked) return false;
  }
  return outer.length === inner.length;
}
