/** A real Kubernetes control plane on loopback: etcd, apiserver with RBAC, controller-manager, scheduler, and kwok's fake nodes. */
import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connectKubernetes, type Kubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { freePort } from "#services/local-openfaas/bus/ports.ts";
import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";
import { eventually } from "./eventually.ts";

const BIN = join(import.meta.dirname, "../../.peers/bin");
const PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] as const;

/** Why there is none here, for `skip`; false where there is. */
export const noControlPlane: string | false = PROGRAMS.every((name) => existsSync(join(BIN, name)))
  ? false
  : "no control plane in .peers/bin (test/support/peers.mjs builds it where there is Go)";

/** `admin` may do anything; the others what RBAC objects give them. */
export type User = "admin" | "scaler" | "nobody";

export interface ControlPlane {
  readonly server: string;
  /** A kubeconfig with one context for each user, the current one `user`'s. */
  kubeconfig(user: User): string;
  token(user: User): string;
  as(user: User): Promise<Kubernetes>;
  /** As a power cut ends a process. */
  killApiserver(): Promise<void>;
  startApiserver(): Promise<void>;
  close(): Promise<void>;
}

const tokens: Readonly<Record<User, string>> = {
  admin: "token-of-admin",
  scaler: "token-of-scaler",
  nobody: "token-of-nobody",
};

/** `nodes`: fake nodes on which pods become ready. */
export async function startControlPlane({ nodes = 1 } = {}): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), "control-plane-"));
  const guardian = await startGuardian(() => {});
  const [etcdPort, peerPort, port] = [await freePort(null), await freePort(null), await freePort(null)];
  const server = `https://127.0.0.1:${port}`;
  const children = new Map<string, ChildProcess>();

  function run(name: (typeof PROGRAMS)[number], args: readonly string[]): void {
    const log = openSync(join(folder, `${name}.log`), "a");
    const child = spawn(join(BIN, name), args, { cwd: folder, stdio: ["ignore", log, log], detached: true });
    closeSync(log);
    children.set(name, child);
    guardian.watch(child.pid!);
  }

  async function kill(name: string): Promise<void> {
    const child = children.get(name);
    if (!child) return;
    children.delete(name);
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    guardian.release(child.pid!);
  }

  async function close(): Promise<void> {
    for (const name of [...PROGRAMS].reverse()) await kill(name);
    await guardian.close();
    await rm(folder, { recursive: true, force: true });
  }

  async function startApiserver(): Promise<void> {
    run("kube-apiserver", [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${join(folder, "certs")}`,
      "--authorization-mode=RBAC",
      `--token-auth-file=${join(folder, "tokens.csv")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${join(folder, "sa.key")}`,
      `--service-account-signing-key-file=${join(folder, "sa.key")}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--disable-admission-plugins=ServiceAccount",
      // A killed one's address would remain an endpoint for a quarter of an hour.
      "--endpoint-reconciler-type=none",
    ]);
    await eventually(
      async () => {
        const { core } = await as("admin");
        return (await core.listNamespace()).items.some(({ metadata }) => metadata?.name === "default");
      },
      {
        timeoutMs: 60_000,
        everyMs: 200,
        what: `the apiserver answers (${lastLine(join(folder, "kube-apiserver.log"))})`,
      },
    );
  }

  const kubeconfig = (current: User) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      // It signs itself; whom it says it is does not matter on loopback.
      clusters: [{ name: "test", cluster: { server, "insecure-skip-tls-verify": true } }],
      users: Object.entries(tokens).map(([name, token]) => ({ name, user: { token } })),
      contexts: Object.keys(tokens).map((name) => ({ name, context: { cluster: "test", user: name } })),
      "current-context": current,
    });
  const as = (user: User) => connectKubernetes({ kubeconfig: kubeconfig(user), timeoutMs: 5_000 });

  try {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    await writeFile(join(folder, "sa.key"), privateKey.export({ type: "pkcs1", format: "pem" }));
    const rows = Object.entries(tokens).map(([name, token]) =>
      name === "admin" ? `${token},admin,admin,"system:masters"` : `${token},${name},${name}`,
    );
    await writeFile(join(folder, "tokens.csv"), `${rows.join("\n")}\n`);
    const file = join(folder, "kubeconfig");
    await writeFile(file, kubeconfig("admin"));
    run("etcd", [
      `--data-dir=${join(folder, "etcd")}`,
      `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
      `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      "--unsafe-no-fsync",
    ]);
    await startApiserver();
    const electing = ["--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0"];
    run("kube-controller-manager", [
      `--kubeconfig=${file}`,
      `--service-account-private-key-file=${join(folder, "sa.key")}`,
      ...electing,
    ]);
    run("kube-scheduler", [`--kubeconfig=${file}`, ...electing]);
    run("kwok", [`--kubeconfig=${file}`, "--manage-all-nodes=true", "--node-lease-duration-seconds=40"]);
    const { core } = await as("admin");
    for (let i = 0; i < nodes; i++) {
      const resources = { cpu: "64", memory: "256Gi", pods: "500" };
      await core.createNode({
        body: {
          metadata: { name: `node-${i}`, annotations: { "kwok.x-k8s.io/node": "fake" } },
          status: { allocatable: resources, capacity: resources },
        },
      });
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    server,
    kubeconfig,
    token: (user) => tokens[user],
    as,
    killApiserver: () => kill("kube-apiserver"),
    startApiserver,
    close,
  };
}

/** A Deployment of pods that do nothing, as a function's would look. */
export async function createDeployment(
  { apps }: Kubernetes,
  name: string,
  namespace: string,
  replicas = 1,
  annotations: Readonly<Record<string, string>> = {},
): Promise<void> {
  const labels = { faas_function: name };
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name, labels, annotations: { ...annotations } },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            tolerations: [{ operator: "Exists" }],
            containers: [
              { name, image: "example/nothing:1", resources: { requests: { cpu: "100m", memory: "128Mi" } } },
            ],
          },
        },
      },
    },
  });
}

function lastLine(file: string): string {
  return existsSync(file) ? (readFileSync(file, "utf8").trim().split("\n").at(-1) ?? "") : "";
}
