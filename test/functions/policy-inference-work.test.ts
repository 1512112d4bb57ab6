/** What a caller without a signature may make policy-inference do: bounded by the windows it sends, whatever numbers are in them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HISTORY_WINDOWS, type MeasuredWindow } from "#shared/core/window.ts";
import { encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { RULES } from "#shared/policies/by-name.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { countWork } from "#test/support/count-work.ts";
import { previewRules } from "#functions/policy-inference/inference.ts";
import { decodeWindows, OPEN_BOUNDS } from "#functions/policy-inference/windows.ts";

const MOST = 100_000;
/** Of a rule on one window of its history: the 240 bins of a histogram, or all its past windows for each one that it plans for. */
const MAX_STEPS_A_WINDOW = 12_000;

/** Options that could make a rule work most; one without is tried as it comes. `oracle` answers nobody here. */
const EXTREMES: Readonly<Record<string, readonly string[]>> = {
  fixed: ["fixed:1e15"],
  hpa: ["hpa", "hpa:cpu=1,tolerance=0,up-window=3600,down-window=3600", "hpa:behaviour=none,down-window=3600"],
  kpa: [
    "kpa:stable=3600,panic=1,delay=3600,up=1e300,activation=1e15",
    "kpa:rps,target=0.01,utilisation=0.01,stable=3600",
  ],
  keda: ["keda:threshold=0.01,fallback=1e15,failures=0,cooldown=1e300"],
  "openfaas-ce": ["openfaas-ce:rps=0,factor=100,cap=1e15"],
  "openfaas-pro": ["openfaas-pro:cpu,target=0.01,down-window=300", "openfaas-pro:rps,zero-duration=1e300"],
  "holt-winters": [`holt-winters:season=${MOST},ahead=100`],
  random: ["random:step=1000,seed=1e15"],
  "forecast-mpc": ["forecast-mpc:horizon=16,half-life=10000,likeness=10,depth=0.95", "forecast-mpc"],
  "slo-budget": ["slo-budget:aim=0,gain=10,first-gain=100,hold=3600"],
};

/** Each at the ends of what the schema of a window takes. */
const SHAPES: Readonly<Record<string, (seq: number) => Partial<MeasuredWindow>>> = {
  "all replicas there are, ready and busy": () => ({
    ...{ desiredReplicas: MOST, availableReplicas: MOST, cpuRatio: 1e300, inFlightMean: 1e300, inFlightMax: 1e300 },
    ...{ arrivals: 1e300, throughputRps: 1e300, executionSecondsMean: 1e300 },
  }),
  "half of them not ready": () => ({ desiredReplicas: MOST, availableReplicas: MOST / 2, cpuRatio: 0.9 }),
  "up and down again": (seq) => ({
    desiredReplicas: seq % 2 === 0 ? 1 : MOST,
    availableReplicas: seq % 2 === 0 ? MOST : 1,
  }),
  "windows as short as they may be": () => ({ windowSeconds: Number.MIN_VALUE, desiredReplicas: MOST }),
  "windows of one instant": () => ({ endedAtMs: 1, windowSeconds: 1e300 }),
  "years apart": (seq) => ({ endedAtMs: seq * 1e14, arrivals: seq % 2 }),
  "gaps in the count": (seq) => ({ endedAtMs: seq * 30_000, seq: seq === 65 ? Number.MAX_SAFE_INTEGER : seq * 1e12 }),
  idle: () => ({ arrivals: 0, inFlightMean: 0, inFlightMax: 0, cpuRatio: 0, throughputRps: 0 }),
};

function bodyOf(policy: string, shape: (seq: number) => Partial<MeasuredWindow>): string {
  const one = (functionName: string) => {
    const windows = Array.from({ length: HISTORY_WINDOWS + 1 }, (_, i) =>
      aWindow({ functionName, seq: i + 1, ...shape(i + 1) }),
    );
    const data = {
      managed: aManaged({ functionName, policy, minReplicas: 0, maxReplicas: MOST, targetInFlight: 1e-300 }),
      window: windows.at(-1)!,
      history: windows.slice(0, -1),
    };
    const event = makeEvent("window", { source: "anybody", subject: functionName, key: 1, nowMs: 1, data });
    return Buffer.from(encodeEvent(event)).toString();
  };
  return `[${["a", "b", "c", "d"].slice(0, OPEN_BOUNDS.maxWindows).map(one).join(",")}]`;
}

describe("the work of an unsigned call", () => {
  for (const policy of Object.keys(RULES).flatMap((rule) => EXTREMES[rule] ?? [rule])) {
    for (const [name, shape] of Object.entries(SHAPES)) {
      test(`${policy}, ${name}: no more than its windows cost`, async () => {
        const closed = decodeWindows(bodyOf(policy, shape), OPEN_BOUNDS).map(({ data }) => data);
        const seen = closed.reduce((sum, { history }) => sum + history.length + 1, 0);
        assert.equal(seen, OPEN_BOUNDS.maxWindows * (HISTORY_WINDOWS + 1));
        const steps = await countWork(async () => {
          const results = await previewRules(closed);
          const kind = policy === "oracle" ? "refused" : "proposal";
          assert.deepEqual(new Set(results.map((result) => result.kind)), new Set([kind]));
        });
        assert.ok(steps > seen || policy === "oracle", `${steps} steps: nothing was counted`);
        assert.ok(steps <= seen * MAX_STEPS_A_WINDOW, `${steps} steps for ${seen} windows`);
      });
    }
  }
});
