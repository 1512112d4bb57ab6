/** The whole loop with a real control plane as its scale target and a real NATS server: a Deployment's pods follow the load. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { kubernetesScaleTarget } from "#shared/adapters/kubernetes/scale-target.ts";
import { monotonicClock } from "#shared/adapters/system-clock.ts";
import { createDeployment, noControlPlane, startControlPlane } from "#test/support/control-plane.ts";
import { eventually } from "#test/support/eventually.ts";
import { startTestStack, stepDown } from "#test/support/local-stack.ts";
import { applyManifests, grantTo } from "#test/support/manifests.ts";
import { natsPrograms } from "#test/support/nats-server.ts";
import { startSteadyLoad } from "#test/support/steady-load.ts";

const NAMESPACE = "openfaas-fn";
const skip = noControlPlane || (natsPrograms().length === 0 ? "no `nats-server` on PATH" : false);

test(
  "kube-apiserver, controller-manager, fake nodes and nats-server: a Deployment follows the load",
  { skip },
  async (t) => {
    const plane = await startControlPlane();
    t.after(() => plane.close());
    const admin = await plane.as("admin");
    await admin.core.createNamespace({ body: { metadata: { name: NAMESPACE } } });
    await applyManifests(plane, ["namespace.yml", "rbac.yml"]);
    await grantTo(plane, "scaler", ["replicant-scaler"], NAMESPACE);
    // As OpenFaaS annotates a function's Deployment: what is managed, and within what bounds, is read there.
    const care = {
      "replicant.mode": "auto",
      "replicant.min": "1",
      "replicant.max": "12",
      "replicant.target-in-flight": "2",
    };
    await createDeployment(admin, "stress", NAMESPACE, 1, care);
    const folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "config"), plane.kubeconfig("scaler"));

    // The load falls on one replica of the local platform, which stays alone: it makes the metrics, the Deployment the replicas.
    const world = await startTestStack({
      env: { REPLICANT_SCALE_TARGET: "kubernetes", REPLICANT_KUBECONFIG: join(folder, "config") },
    });
    t.after(() => world.close());
    const { heard, stack } = world;
    assert.match(stack.bus.describe(), /^nats-server .*events kept/);
    const target = kubernetesScaleTarget(admin, { clock: monotonicClock });
    const ready = async () => (await target.read("stress", NAMESPACE)).availableReplicas;
    await eventually(async () => (await ready()) === 1, { timeoutMs: 30_000, what: "the first pod" });

    await startSteadyLoad(world, [45, 45, 45]);
    await eventually(async () => (await ready()) >= 3, { timeoutMs: 90_000, what: "at least 3 pods ready" });
    const { current } = await stepDown(world);
    await eventually(async () => (await ready()) < current!, { timeoutMs: 180_000, what: "fewer pods again" });

    const steps = heard.applied.filter(({ applied, current }) => applied !== null && applied !== current);
    assert.ok(steps.every(({ target: by, fencing }) => by === "kubernetes" && fencing === 1));
    // A rule that decides targets moves the count at the ticks between windows; a window moves it where its own target does.
    assert.ok(steps.some(({ trigger }) => trigger === "proposal" || trigger === "tick"));
    const local = (await stack.gateway.list()).find(({ name }) => name === "stress")!;
    assert.equal(local.replicas, 1, "nobody scaled the local platform");
  },
);
