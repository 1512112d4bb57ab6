/** Every shipped trace, with the totals that its origin states, and every way in which a file can be broken. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { traceInvocations, traceSeconds, type TraceFormat } from "#shared/traces/trace.ts";
import { parseTrace } from "#shared/traces/formats/parse-trace.ts";
import { loadTrace } from "#shared/traces/load-trace.ts";

const SERVIBENCH = "azure2019_servibench_patterns_per_minute.csv";
const AZURE = "azure2019_d01_http_per_minute.csv";

for (const { file, format, invocations, seconds, rps } of [
  { file: "seed_request_count_raw_30s.json", format: "counts-30s", invocations: 27_062, seconds: 86_400, rps: 0.313 },
  {
    file: "seed_request_count_raw_30s.json#boosted",
    format: "counts-30s",
    invocations: 29_392,
    seconds: 86_400,
    rps: 0.34,
  },
  { file: "drescale_invokation_data_30s.json", format: "counts-30s", invocations: 2_350, seconds: 10_380, rps: 0.226 },
  {
    file: "nasa1995_july_requests_30s.json",
    format: "counts-30s",
    invocations: 1_891_714,
    seconds: 2_381_550,
    rps: 0.794,
  },
  { file: AZURE, format: "azure-per-minute", invocations: 148_271, seconds: 86_400, rps: 1.716 },
  { file: `${SERVIBENCH}#steady_20rps`, format: "servibench", invocations: 31_809, seconds: 1_200, rps: 26.5 },
  { file: `${SERVIBENCH}#fluctuating_20rps`, format: "servibench", invocations: 19_140, seconds: 1_200, rps: 16 },
  { file: `${SERVIBENCH}#spikes_20rps`, format: "servibench", invocations: 22_549, seconds: 1_200, rps: 18.8 },
  { file: `${SERVIBENCH}#jump_20rps`, format: "servibench", invocations: 25_045, seconds: 1_200, rps: 20.9 },
  { file: "azure2019_faasrail_mix_15rps_5min.csv", format: "faasrail", invocations: 4_045, seconds: 300, rps: 13.5 },
  {
    file: "azure2021_first199_invocations.csv",
    format: "per-invocation",
    invocations: 199,
    seconds: 1_201,
    rps: 0.166,
  },
  { file: "azure_llm2023_conv_requests.csv", format: "llm", invocations: 19_366, seconds: 3_502, rps: 5.53 },
  {
    file: "twitter2021_stream_2s.json",
    format: "counts-binned",
    invocations: 6_888_030,
    seconds: 864_000,
    rps: 7.97,
  },
]) {
  test(`shipped trace ${file} has its stated totals`, async () => {
    const trace = await loadTrace(join("traces", file));
    assert.equal(trace.format, format);
    assert.equal(trace.name, join("traces", file));
    assert.equal(traceInvocations(trace), invocations);
    assert.equal(traceSeconds(trace), seconds);
    assert.ok(Math.abs(traceInvocations(trace) / traceSeconds(trace) - rps) < 0.06 * Math.max(1, rps / 10));
  });
}

test("the functions of an Azure day add up to the sum, and one can be taken by row or by hash", async () => {
  const whole = await loadTrace(`traces/${AZURE}`);
  let invocations = 0;
  for (const row of [1, 2, 3]) invocations += traceInvocations(await loadTrace(`traces/${AZURE}#row=${row}`));
  assert.ok(invocations > 0 && invocations < traceInvocations(whole));
  await assert.rejects(loadTrace(`traces/${AZURE}#row=216`), /'#row=216' must select one of its 215 functions/);
});

test("single arrivals are ascending and their work has mean 1", async () => {
  for (const file of ["azure2021_first199_invocations.csv", "azure_llm2023_conv_requests.csv"]) {
    const trace = await loadTrace(`traces/${file}`);
    assert.equal(trace.kind, "instants");
    if (trace.kind !== "instants") return;
    assert.ok(trace.arrivalSeconds.every((at, i) => at >= (trace.arrivalSeconds[i - 1] ?? 0)));
    const mean = trace.work!.reduce((sum, work) => sum + work, 0) / trace.work!.length;
    assert.ok(Math.abs(mean - 1) < 1e-9);
  }
});

const text = (...lines: string[]) => lines.join("\n");

test("per-invocation: arrival = end − duration, sorted, from an arrival before 0 if there is one", () => {
  const rows = text("app,func,end_timestamp,duration", "a,f,10,2", "a,g,5,6", "a,f,7.5,1", "");
  const trace = parseTrace("x.csv", rows, null);
  assert.deepEqual(trace.kind === "instants" && trace.arrivalSeconds, [0, 7.5, 9]);
  assert.deepEqual(trace.kind === "instants" && trace.work, [2, 1 / 3, 2 / 3]);
  assert.equal(traceInvocations(parseTrace("x.csv", rows, "f")), 2);
});

test("llm: instants to 100 ns, in any order, with or without a zone", () => {
  const rows = text(
    "TIMESTAMP,ContextTokens,GeneratedTokens",
    "2024-02-29 23:59:59.9999999,1,30",
    "2024-02-29 23:59:58.5,1,10",
    "2024-03-01 00:00:00+00:00,1,20",
  );
  const trace = parseTrace("x.csv", rows, null);
  assert.ok(trace.kind === "instants");
  assert.deepEqual(
    trace.arrivalSeconds.map((at) => Math.round(at * 1e7) / 1e7),
    [0, 1.4999999, 1.5],
  );
  assert.deepEqual(trace.work, [0.5, 1.5, 1]);
});

test("azure: functions sum, a prefix selects, and the boost follows a selection", () => {
  const rows = text("HashOwner,HashApp,HashFunction,Trigger,1,2", "o,a,f1,http,1,20", "o,a,g2,timer,3,0");
  const counts = (selection: string | null) => {
    const trace = parseTrace("x.csv", rows, selection);
    return trace.kind === "binned" ? trace.counts : null;
  };
  assert.deepEqual(counts(null), [4, 20]);
  assert.deepEqual(counts("g"), [3, 0]);
  assert.deepEqual(counts("row=1"), [1, 20]);
  assert.deepEqual(counts("row=1+boosted"), [2, 20]);
});

test("counts-binned: bins as wide as it says, however it is laid out", () => {
  const trace = parseTrace(
    "x.json",
    '\n{\n  "about" : "a stream",\n  "counts": [3, 0, 2], "binSeconds": 2.5 }\n',
    null,
  );
  assert.deepEqual(trace, {
    kind: "binned",
    format: "counts-binned",
    name: "x.json",
    binSeconds: 2.5,
    counts: [3, 0, 2],
  });
});

const AZURE_HEADER = "HashOwner,HashApp,HashFunction,Trigger,1,2";
const CALLS_HEADER = "app,func,end_timestamp,duration";
const LLM_HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens";
const PATTERN_HEADER = "pattern,minute,invocations";
const RAIL_HEADER = "function_idx,avg_duration_ms,mapped_benchmark,mapped_mean_ms,inv_minute_1";

for (const { name, body, selection = null, format, want } of [
  { name: "empty file", body: " \n", want: "t: the file is empty" },
  { name: "unknown format", body: "time,rps\n1,2", want: "t, line 1: must begin like one of the formats counts-30s" },
  { name: "NUL byte", body: "[1,\n\0]", want: "t, line 2: has a NUL byte" },
  {
    name: "negative count",
    body: "[1,\n -2]",
    want: "t, line 2: count 2 must be a whole number of at least 0, was '-2'",
  },
  {
    name: "fractional count",
    body: "[1.5]",
    want: "t, line 1: count 1 must be a whole number of at least 0, was '1.5'",
  },
  {
    name: "count as text",
    body: '["3"]',
    want: "t, line 1: count 1 must be a whole number of at least 0, was '\"3\"'",
  },
  { name: "hexadecimal count", body: "[0x10]", want: "count 1 must be a whole number of at least 0, was '0x10'" },
  { name: "count too large", body: "[99999999999999999]", want: "count 1 must be a whole number" },
  { name: "missing count", body: "[1,,2]", want: "t, line 1: count 2 must be a whole number of at least 0, was ''" },
  { name: "open array", body: "[1,\n2", want: "t, line 2: count 2 must be followed by ',' or ']', was the end" },
  { name: "text after the array", body: "[1] [2]", want: "t, line 1: nothing may follow the array, was '[2]'" },
  { name: "empty array", body: "[]", want: "t: the array is empty" },
  {
    name: "selection in one trace",
    body: "[1]",
    selection: "f",
    want: "t: holds one trace only, so '#f' selects nothing",
  },
  { name: "header only", body: `${CALLS_HEADER}\n`, want: "t: has a header but no rows" },
  {
    name: "row too short",
    body: text(CALLS_HEADER, "a,f,1"),
    want: "t, line 2: a row must have 4 columns, was 3 ('a,f,1')",
  },
  {
    name: "row too long",
    body: text(AZURE_HEADER, "o,a,f,http,1,2", "o,a,f,http,1,2,3"),
    want: "t, line 3: a row must have 6",
  },
  {
    name: "negative minute",
    body: text(AZURE_HEADER, "o,a,f,http,1,-2"),
    want: "t, line 2: minute 2 must be a whole number of at least 0, was '-2'",
  },
  {
    name: "no minutes",
    body: text("HashOwner,HashApp,HashFunction,Trigger", "o,a,f,http"),
    want: "t, line 1: the header has no minutes",
  },
  {
    name: "minutes out of order",
    body: text("HashOwner,HashApp,HashFunction,Trigger,2", "o,a,f,http,1"),
    want: "t, line 1: the column of minute 1 has the name '2'",
  },
  {
    name: "ambiguous prefix",
    body: text(AZURE_HEADER, "o,a,f1,http,1,2", "o,a,f2,http,1,2"),
    selection: "f",
    want: "t: '#f' must select one of its 2 functions",
  },
  {
    name: "negative duration",
    body: text(CALLS_HEADER, "a,f,1,-1"),
    want: "t, line 2: duration must be a number of at least 0, was '-1'",
  },
  {
    name: "end that is no number",
    body: text(CALLS_HEADER, "a,f,NaN,1"),
    want: "t, line 2: end_timestamp must be a number of at least 0, was 'NaN'",
  },
  {
    name: "unknown function",
    body: text(CALLS_HEADER, "a,f,1,1"),
    selection: "z",
    want: "t: '#z' must be the start of one function's hash in column func, was that of 0",
  },
  {
    name: "no date",
    body: text(LLM_HEADER, "yesterday,1,2"),
    want: "t, line 2: TIMESTAMP must be like '2023-11-16 18:15:46.68', was 'yesterday'",
  },
  { name: "no such day", body: text(LLM_HEADER, "2023-13-16 18:15:46,1,2"), want: "t, line 2: TIMESTAMP must be like" },
  {
    name: "boosted instants",
    body: text(CALLS_HEADER, "a,f,1,1"),
    selection: "boosted",
    want: "t: '#boosted' needs counts per bin",
  },
  {
    name: "pattern not chosen",
    body: text(PATTERN_HEADER, "a,0,1", "b,0,1"),
    want: "t: the pattern must be one of #a, #b, was missing",
  },
  {
    name: "pattern unknown",
    body: text(PATTERN_HEADER, "a,0,1"),
    selection: "z",
    want: "t: the pattern must be one of #a, was '#z'",
  },
  {
    name: "minute left out",
    body: text(PATTERN_HEADER, "a,0,1", "a,2,1"),
    want: "t, line 3: minute of pattern 'a' must be 1, was '2'",
  },
  {
    name: "faasrail minute",
    body: text(RAIL_HEADER, "0,1,b,1,x"),
    want: "t, line 2: inv_minute_1 must be a whole number of at least 0, was 'x'",
  },
  {
    name: "faasrail function",
    body: text(RAIL_HEADER, "0,1,b,1,4"),
    selection: "9",
    want: "t: no function_idx is '9'",
  },
  {
    name: "counts with another field",
    body: '{"about":"a","binSeconds":2,"counts":[1],"scale":3}',
    want: "t: the fields must be about, binSeconds, counts, was also 'scale'",
  },
  {
    name: "counts about nothing",
    body: '{"about":"","binSeconds":2,"counts":[1]}',
    want: `t: about must be a text, was: '""'`,
  },
  {
    name: "counts without a width",
    body: '{"about":"a","counts":[1]}',
    want: "t: binSeconds must be a number above 0, at most 86400, was: 'missing'",
  },
  {
    name: "bins of no width",
    body: '{"about":"a","binSeconds":0,"counts":[1]}',
    want: "t: binSeconds must be a number above 0, at most 86400, was: '0'",
  },
  {
    name: "no counts",
    body: '{"about":"a","binSeconds":2,"counts":[]}',
    want: "t: counts must be a list with an entry, was: '[]'",
  },
  {
    name: "half a count",
    body: '{"about":"a","binSeconds":2,"counts":[1,2.5]}',
    want: "t: counts[1] must be a whole number of at least 0, was: '2.5'",
  },
  { name: "counts cut short", body: '{"about":"a","binSeconds":2,"counts":[1,', want: "t: is no JSON (" },
  { name: "counts that nest", body: '{"about":"a","counts":[[1]]}', want: "t: nests more than 2 deep" },
  {
    name: "a selection of one series of counts",
    body: '{"about":"a","binSeconds":2,"counts":[1]}',
    selection: "day=1",
    want: "t: holds one trace only, so '#day=1' selects nothing",
  },
  {
    name: "JSON of something else",
    body: '{"name":"a"}',
    want: "t, line 1: must begin like one of the formats counts-30s, counts-binned",
  },
  {
    name: "a list as an object of counts",
    body: "[1]",
    format: "counts-binned" as TraceFormat,
    want: "t: must be an object with about, binSeconds, counts",
  },
  {
    name: "format overridden",
    body: "[1]",
    format: "llm" as TraceFormat,
    want: "t, line 1: column 1 must be TIMESTAMP, was '[1]'",
  },
]) {
  test(`bad trace: ${name}`, () => {
    assert.throws(
      () => parseTrace("t", body, selection, { format }),
      (thrown: unknown) => {
        assert.ok(thrown instanceof BadInputError, String(thrown));
        assert.ok(thrown.message.startsWith("t"), thrown.message);
        assert.ok(thrown.message.includes(want), thrown.message);
        assert.ok(!thrown.message.includes("\n"));
        return true;
      },
    );
  });
}

test("files: carriage returns and a byte order mark are read over; what is no text or too large is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "replicant-traces-"));
  after(() => rm(folder, { recursive: true }));
  const file = async (name: string, bytes: string | Uint8Array) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  const windows = await file("w.csv", `\uFEFF${PATTERN_HEADER}\r\na,0,1\r\na,1,3\r\n`);
  assert.equal(traceInvocations(await loadTrace(windows)), 4);
  await assert.rejects(
    loadTrace(await file("latin1.json", Uint8Array.of(0x5b, 0xe9, 0x5d))),
    /latin1.json: is not UTF-8 text/,
  );
  await assert.rejects(loadTrace(windows, { maxBytes: 10 }), /must be at most 10 bytes, was \d+/);
  await assert.rejects(loadTrace(join(folder, "none.json")), /none.json: cannot be read \(there is no such file\)/);
  await assert.rejects(loadTrace(folder), /is not a file/);
  await assert.rejects(loadTrace(`${windows}#`), /nothing follows '#'/);
});
