/**
 * Node.js itself, the oldest and the newest that `package.json` allows: from npm's registry, which has a package of its program for each
 * version and machine.
 */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { executable, isAskedFor, PEERS, reasonOf, run } from "./peer-tools.mjs";

/** What `engines` begins with, and the newest there was when this was written. */
export const NODE_VERSIONS = /** @type {const} */ (["20.19.0", "26.10.0"]);

/** Where a version's program is once it was installed. @param {string} version */
export function nodeProgram(version) {
  return join(folderOf(version), "node_modules", packageName(), "bin", "node");
}

/** @returns {import("./peer-tools.mjs").Peer[]} */
export function nodePeers() {
  return NODE_VERSIONS.map((version) => ({
    name: `Node.js ${version}`,
    found: () => (executable(nodeProgram(version)) ? nodeProgram(version) : null),
    install() {
      if (!isAskedFor) return "REPLICANT_INSTALL_PEERS=1 installs it: 40 MB to fetch";
      const draft = `${folderOf(version)}.${process.pid}`;
      mkdirSync(draft, { recursive: true });
      const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", `--prefix=${draft}`];
      const npm = run("npm", ["install", ...options, `${packageName()}@${version}`], { cwd: draft });
      if (npm.status !== 0) {
        rmSync(draft, { recursive: true, force: true });
        return `npm could not install it: ${reasonOf(npm)}`;
      }
      rmSync(folderOf(version), { recursive: true, force: true });
      mkdirSync(dirname(folderOf(version)), { recursive: true });
      renameSync(draft, folderOf(version));
      return null;
    },
  }));
}

/** @param {string} version */
function folderOf(version) {
  return join(PEERS, "node", version);
}

function packageName() {
  return `node-${process.platform}-${process.arch}`;
}
