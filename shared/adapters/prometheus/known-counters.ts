/**
 * Which gateway counted what for whom. A counter that is there no more while the process that counted lives on is missed, and
 * not a counter never touched; so is all that a gateway counted which is still a target and cannot be scraped.
 */
import type { FunctionId } from "../../ports/metrics-source.ts";
import { functionKey, instanceKey, type Answers } from "./answers.ts";
import type { VectorSample } from "./client.ts";
import { ENDED, STARTED, type TickName } from "./expressions.ts";

/** When a process began is given by a clock that is nudged. */
const SAME_START_SECONDS = 2;
const BEGAN = "what began";

type TickAnswers = Answers<TickName>;
type Labels = VectorSample["labels"];

interface Gateway {
  readonly labels: Labels;
  /** When the process began that counted; null where it does not say. */
  readonly startedSeconds: number | null;
  /** By name, and by status code where there is one. */
  readonly counters: ReadonlySet<string>;
}

/** Remembers which counters each gateway had, and finds those that are missed. */
export class KnownCounters {
  /** By function and instance. */
  #known: ReadonlyMap<string, ReadonlyMap<string, Gateway>> = new Map();
  #missed: ReadonlyMap<string, string> = new Map();

  /** Of all gateways that are known, to ask after them. */
  get instances(): readonly string[] {
    const gateways = [...this.#known.values()].flatMap((one) => [...one.values()]);
    return [...new Set(gateways.map(({ labels }) => labels["instance"] ?? ""))];
  }

  /** What an answer says of the functions that are asked about; others are forgotten. */
  note(answers: TickAnswers, functions: readonly FunctionId[]): void {
    const targets = targetsOf(answers);
    const known = new Map<string, ReadonlyMap<string, Gateway>>();
    const missed = new Map<string, string>();
    for (const about of functions) {
      const key = functionKey(about);
      const before = this.#known.get(key) ?? new Map<string, Gateway>();
      const found = gatewaysOf(answers, about, targets);
      const gateways = new Map<string, Gateway>();
      for (const [instance, gateway] of found) gateways.set(instance, joined(before.get(instance), gateway));
      for (const [instance, gateway] of before) {
        if (!found.has(instance) && targets.mayCount(instance, gateway)) gateways.set(instance, gateway);
      }
      known.set(key, gateways);
      for (const [instance, { labels, counters }] of gateways) {
        const lost = [...counters].find((counter) => !found.get(instance)?.counters.has(counter));
        const spoken = `'${labels["instance"] ?? ""}'`;
        if (targets.isDown(instance)) missed.set(key, `the gateway ${spoken} that counts for it answers no scrape`);
        else if (lost !== undefined) missed.set(key, `the process of ${spoken} that had ${lost} lives on`);
      }
    }
    this.#known = known;
    this.#missed = missed;
  }

  /** Why the function's numbers are incomplete; null where they are complete. */
  missedOf(about: FunctionId): string | null {
    return this.#missed.get(functionKey(about)) ?? null;
  }
}

/** What there is at the targets now. */
function targetsOf(answers: TickAnswers) {
  const numbers = (name: "up" | "processStart") => {
    const samples = answers.all(name);
    return samples && new Map(samples.map(({ labels, value }) => [instanceKey(labels), value]));
  };
  const [up, starts] = [numbers("up"), numbers("processStart")];
  return {
    startOf: (instance: string): number | null => starts?.get(instance) ?? null,
    isDown: (instance: string): boolean => up?.get(instance) === 0,
    /** Until there is neither target nor process under that name, or another process. */
    mayCount(instance: string, { startedSeconds }: Gateway): boolean {
      if (up === null || starts === null) return true;
      if (!up.has(instance) && !starts.has(instance)) return false;
      return !isLater(startedSeconds, starts.get(instance) ?? null);
    },
  };
}

/** By instance: who lists the function or counts for it. */
function gatewaysOf(
  answers: TickAnswers,
  about: FunctionId,
  targets: ReturnType<typeof targetsOf>,
): Map<string, Gateway> {
  const found = new Map<string, { labels: Labels; startedSeconds: number | null; counters: Set<string> }>();
  const gatewayOf = (labels: Labels) => {
    const instance = instanceKey(labels);
    let gateway = found.get(instance);
    if (!gateway) {
      found.set(instance, (gateway = { labels, startedSeconds: targets.startOf(instance), counters: new Set() }));
    }
    return gateway;
  };
  for (const { labels } of answers.samples("counters", about)) {
    const { counters } = gatewayOf(labels);
    if (labels["__name__"] === STARTED) counters.add(BEGAN);
    if (labels["__name__"] === ENDED) counters.add(`what ended with ${labels["code"] ?? "no code"}`);
  }
  return found;
}

/** What the same process counted, it has still. One that does not say when it began may be another: then only what began is missed. */
function joined(before: Gateway | undefined, now: Gateway): Gateway {
  if (before === undefined || isLater(before.startedSeconds, now.startedSeconds)) return now;
  const startedSeconds = now.startedSeconds ?? before.startedSeconds;
  const kept = [...before.counters].filter((counter) => startedSeconds !== null || counter === BEGAN);
  return { ...now, startedSeconds, counters: new Set([...kept, ...now.counters]) };
}

function isLater(before: number | null, now: number | null): boolean {
  return before !== null && now !== null && now > before + SAME_START_SECONDS;
}
