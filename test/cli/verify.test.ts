/** `replicant verify`: the record of a guard that keeps its word, one that does not, and what is no record. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { test } from "node:test";

import type { PromiseReport, RecordedEvent } from "#shared/guard/promises.ts";
import { encodeEvent, makeEvent } from "#shared/events/codec.ts";
import type { EventData } from "#shared/events/types.ts";
import { aStory } from "#test/support/guard/story.ts";

const MAIN = resolve("dist/services/cli/main.cjs");

function verify(input: string, ...flags: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "verify", "-", ...flags], {
    input,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** As the bus carries them, one a line. */
function ndjson(events: readonly RecordedEvent[]): string {
  const windows = new Map(
    events.flatMap((event) => (event.kind === "window" ? [[event.data.window.seq, event.data] as const] : [])),
  );
  const dataOf = (event: RecordedEvent): object => {
    switch (event.kind) {
      case "window":
        return { ...event.data, history: [] };
      case "proposal":
        return { ...windows.get(event.data.proposal.seq), ...event.data };
      case "tick":
      case "applied":
        return event.data;
      default:
        throw new RangeError(`the story has no '${event.kind}'`);
    }
  };
  const lines = events.map((event, at) => {
    const told = { source: "test", subject: "resize", key: at, nowMs: 0, data: dataOf(event) as EventData["tick"] };
    return new TextDecoder().decode(encodeEvent(makeEvent(event.kind as "tick", told)));
  });
  return `${lines.join("\n")}\n`;
}

test("verify: every promise kept, exit 0; one broken, exit 1 and a sentence that names the decision", () => {
  const story = aStory();
  const kept = verify(ndjson(story));
  assert.deepEqual([kept.status, kept.stderr], [0, ""]);
  assert.match(kept.stdout, /^\d+ decisions \(0 delivered again\), 32 windows, \d+ ticks, 32 proposals$/m);
  assert.match(kept.stdout, /^rate limits +\d+ checked, 0 broken$/m);

  const broken = story.map((event) =>
    event.kind === "applied" && event.data.seq === 2 ? { ...event, data: { ...event.data, reason: " " } } : event,
  );
  const told = verify(ndjson(broken));
  assert.equal(told.status, 1);
  assert.match(told.stdout, /^broken: explained: resize@60000: it has no reason$/m);

  const asJson = verify(ndjson(broken), "--json");
  const report = JSON.parse(asJson.stdout) as PromiseReport;
  assert.deepEqual([asJson.status, report.broken.length, report.read.window], [1, 1, 32]);
});

for (const { name, input, flags = [], says } of [
  { name: "a line that is not JSON", input: "{\n", says: "replicant: -, line 1: this is not JSON\n" },
  {
    name: "another event",
    input: '{"type":"replicant.applause"}\n',
    says: "replicant: -, line 1: no event has the type 'replicant.applause'\n",
  },
  { name: "nothing", input: "", says: "replicant: - holds no decision, so it proves nothing\n" },
  {
    name: "a span that is no number",
    input: "",
    flags: ["--stabilisation-seconds", "long"],
    says: "replicant: --stabilisation-seconds must be a number from 0 to 3600, was: 'long'\n",
  },
]) {
  test(`verify: ${name} is exit code 2 and one sentence`, () => {
    const { status, stdout, stderr } = verify(input, ...flags);
    assert.deepEqual([status, stdout, stderr], [2, "", says]);
  });
}

test("verify: a file that is not there is exit code 2", () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, "verify", "no/such/record"], { encoding: "utf8" });
  assert.equal(status, 2);
  assert.match(stderr, /^replicant: ENOENT.*no\/such\/record'\n$/);
});
