/** Profiles: what `open` and `ce` allow a deployment and a count to be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rulesOf, type GatewayProfile } from "#shared/deploy/gateway-profile.ts";
import {
  checkDeployment,
  clampReplicas,
  replicaBounds,
  scaleFactor,
} from "#services/local-openfaas/gateway/profile.ts";
import { startTestGateway } from "#test/support/gateway.ts";

const scale = (labels: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`com.openfaas.scale.${key}`, value]));

for (const { profile, replicas, want } of [
  { profile: "open", replicas: 0, want: 0 },
  { profile: "open", replicas: 7, want: 7 },
  { profile: "open", replicas: 101, want: 100 },
  { profile: "ce", replicas: 0, want: 1 },
  { profile: "ce", replicas: 3, want: 3 },
  { profile: "ce", replicas: 6, want: 5 },
] as const) {
  test(`profile ${profile}: ${replicas} replicas become ${want}`, () => {
    assert.equal(clampReplicas(replicas, rulesOf(profile)), want);
  });
}

for (const { profile, labels, want } of [
  { profile: "open", labels: {}, want: { min: 1, max: 20 } },
  { profile: "open", labels: scale({ min: "0", max: "50" }), want: { min: 0, max: 50 } },
  { profile: "open", labels: scale({ min: "30" }), want: { min: 30, max: 30 } },
  { profile: "ce", labels: undefined, want: { min: 1, max: 5 } },
  { profile: "ce", labels: scale({ min: "0", max: "9" }), want: { min: 1, max: 5 } },
] as const) {
  test(`profile ${profile}: the bounds of ${JSON.stringify(labels)} are ${want.min}…${want.max}`, () => {
    assert.deepEqual(replicaBounds(labels, rulesOf(profile)), want);
  });
}

test("profile: the factor is 10 unless a label says otherwise", () => {
  assert.deepEqual(
    [scaleFactor(undefined), scaleFactor(scale({ factor: "50" })), scaleFactor(scale({ factor: "0" }))],
    [10, 50, 0],
  );
});

interface Deployment {
  readonly profile: GatewayProfile;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly others?: number;
  /** The sentence, or null when it may be deployed. */
  readonly refused: RegExp | null;
}

const deployments: readonly Deployment[] = [
  { profile: "open", labels: scale({ zero: "true", type: "cpu", target: "50", min: "0" }), others: 500, refused: null },
  {
    profile: "open",
    labels: scale({ min: "x" }),
    refused: /^label com.openfaas.scale.min of 'f' must be a whole number of at least 0, was: 'x'$/,
  },
  { profile: "open", labels: scale({ max: "-1" }), refused: /scale.max of 'f' must be a whole number/ },
  { profile: "open", labels: scale({ factor: "1.5" }), refused: /scale.factor of 'f' must be a whole number/ },
  { profile: "open", labels: scale({ max: "101" }), refused: /scale.max of 'f' must be at most 100, was: '101'/ },
  {
    profile: "open",
    labels: scale({ min: "3", max: "2" }),
    refused: /scale.min of 'f' \(3\) must not exceed com.openfaas.scale.max \(2\)/,
  },
  { profile: "ce", labels: scale({ min: "1", max: "5", factor: "20", zero: "false" }), others: 14, refused: null },
  { profile: "ce", others: 15, refused: /^more than 15 functions is not available in the ce profile \('f'\)$/ },
  { profile: "ce", labels: scale({ zero: "true" }), refused: /scale.zero=true is not available/ },
  { profile: "ce", labels: scale({ "zero-duration": "5m" }), refused: /scale.zero-duration is not available/ },
  { profile: "ce", labels: scale({ target: "50" }), refused: /scale.target is not available/ },
  { profile: "ce", labels: scale({ type: "rps" }), refused: /scale.type is not available/ },
  { profile: "ce", labels: scale({ min: "0" }), refused: /scaling to zero is not available/ },
  { profile: "ce", labels: scale({ max: "6" }), refused: /scale.max of 'f' must be at most 5/ },
  { profile: "ce", annotations: { topic: "a,b" }, refused: /a comma in annotation topic/ },
  { profile: "ce", annotations: { "eks.amazonaws.com/role": "x" }, refused: /annotation eks.amazonaws.com\/role/ },
];

for (const { profile, labels, annotations, others = 0, refused } of deployments) {
  test(`profile ${profile}: ${JSON.stringify({ labels, annotations, others })} is ${refused ? "400" : "deployed"}`, () => {
    const check = () => checkDeployment({ service: "f", image: "x/f", labels, annotations }, others, rulesOf(profile));
    if (refused) assert.throws(check, { name: "BadInputError", message: refused });
    else check();
  });
}

test("profile ce: over HTTP, the sixteenth function is 400, zero becomes one and ten become five", async (t) => {
  const { system, provider } = await startTestGateway(t, { profile: "ce", held: true });
  for (let i = 0; i < 15; i++) {
    assert.equal((await system("POST", "functions", { service: `f-${i}`, image: "x/f" })).status, 202);
  }
  assert.equal((await system("POST", "functions", { service: "f-15", image: "x/f" })).status, 400);
  assert.equal((await system("PUT", "functions", { service: "f-3", image: "x/f" })).status, 202, "an update adds none");
  await system("POST", "scale-function/f-0", { serviceName: "f-0", replicas: 0 });
  await system("POST", "scale-function/f-0", { serviceName: "f-0", replicas: 10 });
  assert.deepEqual(provider.calls.slice(-2), ["scale f-0 1", "scale f-0 5"]);
});
