/** `replicant verify`: the guard's promises, checked against a record of events. Exit codes: 0 all kept, 1 some broken, 2 no such record. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { promiseChecker, type PromiseReport } from "#shared/guard/promises.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { readEvent } from "#shared/events/codec.ts";
import { parseJson } from "#shared/core/checked.ts";
import { EVENT_KINDS, SUBJECTS } from "#shared/events/subjects.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import { readFlags } from "#shared/config/flags.ts";
import { command } from "./command.ts";

export default command({
  name: "verify",
  description: "check a record of events against what the guard promises",
  argument: ["<file>", "a CloudEvent as JSON on each line, as the bus carries them; - reads standard input"],
  options: { "--stabilisation-seconds <s>": "what STABILISATION_SECONDS was of the scaler", "--json": "as JSON" },
  async run(flags, { say, answer }, file = "-") {
    const read = readFlags();
    const bounds = { least: 0, most: 3_600 };
    const fallback = GUARD_DEFAULTS.stabilisationSeconds;
    const seconds = read.number("stabilisation-seconds", flags.stabilisationSeconds, fallback, bounds);
    read.done();
    const report = await verify(file === "-" ? process.stdin : createReadStream(file), file, seconds);
    if (flags.json) answer(JSON.stringify(report));
    else for (const line of reportLines(report)) say(line);
    return report.broken.length > 0 ? 1 : 0;
  },
});

/** Throws `BadInputError` for a line that is no event, and for a record without a decision, which proves nothing. */
async function verify(input: Readable, name: string, stabilisationSeconds: number): Promise<PromiseReport> {
  const checker = promiseChecker({ ...GUARD_DEFAULTS, stabilisationSeconds });
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line++;
      if (text.trim() !== "") checker.take(eventOf(text));
    }
  } catch (thrown) {
    throw new BadInputError(line === 0 ? messageOf(thrown) : `${name}, line ${line}: ${messageOf(thrown)}`);
  }
  const report = checker.report();
  if (report.read.applied === 0) throw new BadInputError(`${name} holds no decision, so it proves nothing`);
  return report;
}

function eventOf(text: string): ReplicantEvent {
  const json = parseJson(text, "this is not JSON");
  const type = (json as { readonly type?: unknown } | null)?.type;
  const kind = EVENT_KINDS.find((one) => SUBJECTS[one] === type);
  if (kind === undefined) throw new BadInputError(`no event has the type '${String(type).slice(0, 60)}'`);
  return readEvent(kind, json);
}

/** One line a promise, then one a broken one. */
function reportLines({ broken, checked, read }: PromiseReport): string[] {
  const counts = new Map<string, number>();
  for (const { promise } of broken) counts.set(promise, (counts.get(promise) ?? 0) + 1);
  const width = Math.max(...Object.keys(checked).map((promise) => promise.length));
  const { window, tick, proposal, applied, repeated } = read;
  return [
    `${applied} decisions (${repeated} delivered again), ${window} windows, ${tick} ticks, ${proposal} proposals`,
    ...Object.entries(checked).map(
      ([promise, asked]) => `${promise.padEnd(width)}  ${asked} checked, ${counts.get(promise) ?? 0} broken`,
    ),
    ...broken.map(({ promise, decisionId, sentence }) => `broken: ${promise}: ${decisionId}: ${sentence}`),
  ];
}
