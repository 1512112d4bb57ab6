/** Scaling on a real control plane: apiserver with RBAC, controller-manager, scheduler, and kwok's nodes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { connectKubernetes, type Kubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { kubernetesContainers } from "#shared/adapters/kubernetes/container-source.ts";
import { kubernetesManagedFunctions } from "#shared/adapters/kubernetes/managed-functions.ts";
import { kubernetesScaleTarget } from "#shared/adapters/kubernetes/scale-target.ts";
import { kubernetesLeaseStore } from "#shared/adapters/lease/kubernetes-store.ts";
import { soleLease } from "#shared/adapters/lease/sole-lease.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import { monotonicClock } from "#shared/adapters/system-clock.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import type { Applied } from "#shared/core/decision.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { decisionIdOf } from "#shared/core/proposal.ts";
import { makeEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { ScaleRefusedError, UnknownFunctionError } from "#shared/ports/scale-target.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { createDeployment, noControlPlane, startControlPlane, type ControlPlane } from "#test/support/control-plane.ts";
import { eventually } from "#test/support/eventually.ts";
import { applyManifests, dryRunManifests, grantTo } from "#test/support/manifests.ts";
import { createScaler } from "#services/scaler/scaler.ts";

const NAMESPACE = "openfaas-fn";

if (process.env["CI"] === "true") assert.equal(noControlPlane, false);

describe("kubernetes", { skip: noControlPlane }, () => {
  let plane: ControlPlane;
  let admin: Kubernetes;
  let scaler: Kubernetes;
  let deployments = 0;

  before(async () => {
    plane = await startControlPlane();
    admin = await plane.as("admin");
    scaler = await plane.as("scaler");
    await admin.core.createNamespace({ body: { metadata: { name: NAMESPACE } } });
    await applyManifests(plane, ["namespace.yml", "rbac.yml"]);
    // The user of the tests gets exactly what the shipped Roles give the service account.
    await grantTo(plane, "scaler", ["replicant-scaler", "replicant-collector"], NAMESPACE);
    await grantTo(plane, "scaler", ["replicant-lease"], "replicant");
  });
  after(() => plane?.close());

  /** A new Deployment of its own, and a target that speaks with the scaler's rights. */
  async function aDeployment(replicas = 1, as = scaler) {
    const name = `f${++deployments}`;
    await createDeployment(admin, name, NAMESPACE, replicas);
    const target = kubernetesScaleTarget(as, { clock: monotonicClock });
    return { name, target };
  }
  const setReplicas = (name: string, replicas: number) =>
    admin.apps.patchNamespacedDeploymentScale(
      { name, namespace: NAMESPACE, body: { spec: { replicas } } },
      admin.call({ contentType: "application/merge-patch+json" }),
    );
  const touch = (name: string) =>
    admin.apps.patchNamespacedDeployment(
      { name, namespace: NAMESPACE, body: { metadata: { annotations: { touched: String(Math.random()) } } } },
      admin.call({ contentType: "application/merge-patch+json" }),
    );
  const annotate = (name: string, annotations: Readonly<Record<string, string>>) =>
    admin.apps.patchNamespacedDeployment(
      { name, namespace: NAMESPACE, body: { metadata: { annotations } } },
      admin.call({ contentType: "application/merge-patch+json" }),
    );
  /** `as` with one thing done right after the first read of a scale: what a race would do. */
  function afterFirstRead(as: Kubernetes, meanwhile: () => Promise<unknown>): Kubernetes {
    let done = false;
    const apps = Object.create(as.apps) as Kubernetes["apps"];
    apps.readNamespacedDeploymentScale = async (...args) => {
      const scale = await as.apps.readNamespacedDeploymentScale(...args);
      if (!done) {
        done = true;
        await meanwhile();
      }
      return scale;
    };
    return { ...as, apps };
  }

  test("the manifests are accepted by a server-side dry run", async () => {
    const accepted = await dryRunManifests(plane, [
      "namespace.yml",
      "rbac.yml",
      "secrets.yml",
      "nats-rights.yml",
      "nats.yml",
      "services.yml",
    ]);
    assert.ok(accepted.length >= 15, accepted.join(", "));
    for (const kind of ["Namespace", "Role", "RoleBinding", "Secret", "StatefulSet", "Deployment", "Pod"]) {
      assert.ok(
        accepted.some((what) => what.startsWith(`${kind} `)),
        `a ${kind} among ${accepted.join(", ")}`,
      );
    }
  });

  test("with the shipped Role: up, down, to zero; what is ready is read from the pods", async () => {
    const { name, target } = await aDeployment();
    for (const replicas of [20, 2, 0]) {
      assert.deepEqual(await target.scale(name, NAMESPACE, replicas), { appliedReplicas: replicas });
      await eventually(
        async () => {
          const { desiredReplicas, availableReplicas } = await target.read(name, NAMESPACE);
          return desiredReplicas === replicas && availableReplicas === replicas;
        },
        { timeoutMs: 30_000, what: `${replicas} pods of ${name} ready` },
      );
    }
  });

  test("the Role gives no more: not another Deployment's spec, not its deletion, not another namespace", async () => {
    const { name, target } = await aDeployment();
    const forbidden = (call: Promise<unknown>) =>
      assert.rejects(call, (thrown: { code?: number }) => thrown.code === 403);
    await forbidden(scaler.apps.deleteNamespacedDeployment({ name, namespace: NAMESPACE }));
    await forbidden(scaler.apps.readNamespacedDeployment({ name, namespace: NAMESPACE }));
    await forbidden(scaler.core.listNamespacedSecret({ namespace: NAMESPACE }));
    await assert.rejects(
      target.read(name, "default"),
      /cannot get resource "deployments\/scale" .* in the namespace "default"/,
    );
  });

  test("403: one clear sentence, and no more calls until a pause is over", async () => {
    const nobody = await plane.as("nobody");
    const { name } = await aDeployment();
    let calls = 0;
    const counted = afterFirstRead(nobody, async () => {});
    counted.apps.readNamespacedDeploymentScale = (...args) => {
      calls++;
      return nobody.apps.readNamespacedDeploymentScale(...args);
    };
    const clock = new ManualClock(0);
    const target = kubernetesScaleTarget(counted, { clock });
    const refused = (thrown: Error) => {
      assert.ok(thrown instanceof ScaleRefusedError);
      assert.match(thrown.message, /answered 403: .*User "nobody" cannot get resource "deployments\/scale"/);
      assert.ok(!thrown.message.includes("token-of-nobody"));
      return true;
    };
    await assert.rejects(target.read(name, NAMESPACE), refused);
    await assert.rejects(target.scale(name, NAMESPACE, 3), refused);
    assert.equal(calls, 1);
    await clock.advance(1_000);
    await assert.rejects(target.read(name, NAMESPACE), refused);
    assert.equal(calls, 2);
  });

  test("404: the function is unknown", async () => {
    const target = kubernetesScaleTarget(scaler, { clock: monotonicClock });
    await assert.rejects(target.scale("nothing", NAMESPACE, 2), (thrown: Error) => {
      assert.ok(thrown instanceof UnknownFunctionError);
      assert.match(thrown.message, /deployments.apps "nothing" not found/);
      return true;
    });
  });

  test("a conflict: read again and tried again, when only the Deployment's other parts changed", async () => {
    const { name } = await aDeployment();
    const racing = afterFirstRead(scaler, () => touch(name));
    let patches = 0;
    const patch = racing.apps.patchNamespacedDeploymentScale.bind(racing.apps);
    racing.apps.patchNamespacedDeploymentScale = (...args) => {
      patches++;
      return patch(...args);
    };
    const target = kubernetesScaleTarget(racing, { clock: monotonicClock });
    assert.deepEqual(await target.scale(name, NAMESPACE, 4), { appliedReplicas: 4 });
    assert.ok(patches >= 2, "the first patch met a conflict");
  });

  test("a conflict with another writer: theirs remains", async () => {
    const { name } = await aDeployment();
    const target = kubernetesScaleTarget(
      afterFirstRead(scaler, () => setReplicas(name, 7)),
      { clock: monotonicClock },
    );
    await assert.rejects(target.scale(name, NAMESPACE, 4), /was set from 1 to 7 by someone else just now/);
    assert.equal((await target.read(name, NAMESPACE)).desiredReplicas, 7);
  });

  test("an autoscaler on the same Deployment is noticed, and the count left to it", async () => {
    const { name, target } = await aDeployment(2);
    await admin.autoscaling.createNamespacedHorizontalPodAutoscaler({
      namespace: NAMESPACE,
      body: {
        metadata: { name: `${name}-hpa` },
        spec: { minReplicas: 2, maxReplicas: 9, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name } },
      },
    });
    await assert.rejects(target.scale(name, NAMESPACE, 5), /HorizontalPodAutoscaler 'f\d+-hpa' scales 'f\d+' too/);
    assert.equal((await target.read(name, NAMESPACE)).desiredReplicas, 2);
  });

  test("a controller that clamps at once is read back: its cap is what was applied", async (t) => {
    const { name, target } = await aDeployment();
    const ending = new AbortController();
    const clamping = (async () => {
      while (!ending.signal.aborted) {
        const { spec } = await admin.apps.readNamespacedDeploymentScale({ name, namespace: NAMESPACE });
        if ((spec?.replicas ?? 0) > 5) await setReplicas(name, 5);
        await monotonicClock.sleep(10, ending.signal);
      }
    })();
    t.after(async () => {
      ending.abort();
      await clamping;
    });
    const slow = kubernetesScaleTarget(scaler, { clock: monotonicClock, settleMs: 1_500 });
    assert.deepEqual(await slow.scale(name, NAMESPACE, 8), { appliedReplicas: 5 });
    assert.equal((await target.read(name, NAMESPACE)).desiredReplicas, 5);
  });

  test("a right that ends stops what is under way", async () => {
    const { name } = await aDeployment();
    const ending = new AbortController();
    const target = kubernetesScaleTarget(
      afterFirstRead(scaler, async () => ending.abort()),
      { clock: monotonicClock },
    );
    const authority = { fencing: 1, signal: ending.signal };
    await assert.rejects(target.scale(name, NAMESPACE, 4, authority), ScaleRefusedError);
    assert.equal((await target.read(name, NAMESPACE)).desiredReplicas, 1);
  });

  test("a Lease with the shipped Role: a write holds only against what was read", async () => {
    const store = kubernetesLeaseStore(scaler, { name: "replicant-scaler", namespace: "replicant" });
    const other = kubernetesLeaseStore(admin, { name: "replicant-scaler", namespace: "replicant" });
    const record = { holder: "a", fencing: 1, takeAfterMs: 7_000 };
    assert.equal(await store.read(), null);
    const version = (await store.write(record, null))!;
    assert.deepEqual(await other.read(), { record, version });
    assert.equal(await other.write({ ...record, holder: "b" }, null), null);
    const given = (await store.write({ ...record, holder: null }, version))!;
    assert.deepEqual(await other.read(), { record: { ...record, holder: null }, version: given });
    assert.equal(await other.write({ ...record, holder: "b" }, version), null);
    assert.notEqual(await other.write({ ...record, holder: "b", fencing: 2 }, given), null);
    assert.equal(await store.write(record, given), null);
    await admin.coordination.deleteNamespacedLease({ name: "replicant-scaler", namespace: "replicant" });
    assert.equal(await store.write(record, given), null, "gone is changed");
    const nobodys = kubernetesLeaseStore(await plane.as("nobody"), {
      name: "replicant-scaler",
      namespace: "replicant",
    });
    await assert.rejects(nobodys.read(), /answered 403: .*cannot get resource "leases"/);
  });

  test("CPU and memory of metrics.k8s.io ÷ requests, mean over pods; without that API they are missing", async () => {
    const { name, target } = await aDeployment(2);
    await eventually(async () => (await target.read(name, NAMESPACE)).availableReplicas === 2, { timeoutMs: 30_000 });
    const source = kubernetesContainers(scaler);
    const instant = { atMs: 0, sinceMs: 0, window: { seq: 1, windowSeconds: 30 } };
    const about = { functionName: name, namespace: NAMESPACE };
    const without = await source.look(instant, [about]);
    assert.deepEqual(without.ratios(about), { cpuRatio: null, memoryRatio: null });
    assert.equal(without.problems.length, 1);

    await applyManifests(plane, ["pod-metrics-crd.yml"], import.meta.dirname);
    const pods = (await admin.core.listNamespacedPod({ namespace: NAMESPACE, labelSelector: `faas_function=${name}` }))
      .items;
    for (const [i, pod] of pods.entries()) {
      const body = {
        apiVersion: "metrics.k8s.io/v1beta1",
        kind: "PodMetrics",
        metadata: { name: pod.metadata!.name },
        containers: [{ name, usage: { cpu: i === 0 ? "50m" : "150000000n", memory: "32Mi" } }],
      };
      const where = { group: "metrics.k8s.io", version: "v1beta1", namespace: NAMESPACE, plural: "pods" };
      await eventually(() => admin.custom.createNamespacedCustomObject({ ...where, body }), {
        what: "the API is served",
      });
    }
    const look = await source.look(instant, [about]);
    assert.deepEqual(look.problems, []);
    const { cpuRatio, memoryRatio } = look.ratios(about);
    assert.ok(Math.abs(cpuRatio! - 1) < 1e-9, String(cpuRatio));
    assert.equal(memoryRatio, 0.25);
    const between = await source.look({ ...instant, window: null }, [about]);
    assert.deepEqual(between.ratios(about), { cpuRatio: null, memoryRatio: null });
  });

  test("what is managed, and how, is read from the Deployments with the shipped Role; without it, that is a sentence", async () => {
    const { name } = await aDeployment();
    const list = async (as: Kubernetes) => (await kubernetesManagedFunctions(as, [NAMESPACE]).list()).managed;
    assert.deepEqual(
      (await list(scaler)).filter(({ functionName }) => functionName === name),
      [],
    );
    await annotate(name, { "replicant.mode": "shadow", "replicant.max": "7" });
    const [found] = (await list(scaler)).filter(({ functionName }) => functionName === name);
    assert.deepEqual([found!.mode, found!.maxReplicas, found!.namespace], ["shadow", 7, NAMESPACE]);
    await assert.rejects(list(await plane.as("nobody")), /answered 403: deployments.apps is forbidden/);
    await assert.rejects(kubernetesManagedFunctions(scaler, [NAMESPACE, "kube-system"]).list(), /answered 403/);
  });

  test("kill -9 of the apiserver under a running scaler: the loop holds, and goes on when it is back", async (t) => {
    const { name } = await aDeployment();
    await annotate(name, { "replicant.mode": "auto", "replicant.max": "12" });
    const kubernetes = await connectKubernetes({ kubeconfig: plane.kubeconfig("scaler"), timeoutMs: 1_000 });
    const target = kubernetesScaleTarget(kubernetes, { clock: monotonicClock });
    const clock = new ManualClock(0);
    const bus = memoryBus({ clock });
    const decided: Applied[] = [];
    await bus.subscribe("applied", async ({ data }) => void decided.push(data));
    const running = createScaler({
      bus,
      target,
      functions: kubernetesManagedFunctions(kubernetes, [NAMESPACE]),
      fallback: policyByName("fixed:1"),
      settings: GUARD_DEFAULTS,
      lease: soleLease(),
      clock,
      monotonic: monotonicClock,
      activity: new Activity(() => performance.now()),
      windowSeconds: 30,
      log: silentLog,
    });
    const ending = new AbortController();
    const run = running.run(ending.signal);
    t.after(async () => {
      ending.abort();
      await run;
      await bus.close();
      await plane.startApiserver().catch(() => {});
    });
    const managed = aManaged({ functionName: name });
    const propose = async (seq: number, proposedReplicas: number, replicas: number) => {
      await clock.advance(Math.max(0, seq * 30_000 - clock.nowMs()));
      const window = aWindow({ functionName: name, seq, desiredReplicas: replicas, availableReplicas: replicas });
      const told = { source: "metrics-collector", subject: name, key: window.endedAtMs, nowMs: clock.nowMs() };
      const proposal = {
        decisionId: decisionIdOf(name, window.endedAtMs),
        functionName: name,
        namespace: NAMESPACE,
        generation: window.generation,
        seq,
        endedAtMs: window.endedAtMs,
        policy: { name: "test", version: "1" },
        proposedReplicas,
        because: "the test says so",
        learned: null,
      };
      await bus.publish(makeEvent("window", { ...told, data: { managed, window, history: [] } }));
      await bus.publish(
        makeEvent("proposal", { ...told, source: "policy-inference", data: { managed, proposal, window } }),
      );
      return eventually(() => decided.find((one) => one.seq === seq), { timeoutMs: 30_000, what: `decision ${seq}` });
    };
    await eventually(() => running.status().managed.functions !== null);
    assert.equal((await propose(1, 3, 1))!.applied, 3);
    await plane.killApiserver();
    const held = (await propose(2, 5, 3))!;
    assert.equal(held.applied, null);
    assert.equal(held.desired, 3);
    assert.match(running.status().lastProblem!, /did not answer/);
    await plane.startApiserver();
    // A server that has just come up may forbid everything until it has read its Roles: the next window tries again.
    let seq = 3;
    const on = await eventually(
      async () => {
        const one = (await propose(seq++, 5, 3))!;
        return one.applied !== null && one;
      },
      { timeoutMs: 60_000, everyMs: 500, what: "a decision is applied again" },
    );
    assert.ok(on);
    assert.equal(on.applied, 5);
    assert.equal(on.target, "kubernetes");
    assert.equal((await target.read(name, NAMESPACE)).desiredReplicas, 5);
  });
});
