/** Compiles the engine's kernel from AssemblyScript; a few seconds once, then from a cache named by what went in. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const sources = join(root, "shared", "rl", "kernel", "assembly");
const compiler = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
const cache = join(root, "node_modules", ".cache", "replicant");
const run = promisify(execFile);

/** Shared memory with one declared maximum, so that one kernel serves one thread and several. */
const flags = [
  ...["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd,threads"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "16384"],
];

/** The kernel's bytes. @returns {Promise<Uint8Array>} */
export async function compileKernel() {
  const kept = join(cache, `kernel-${await digestOfInputs()}.wasm`);
  if (!existsSync(kept)) {
    await mkdir(cache, { recursive: true });
    // Written aside and renamed: whoever compiles at the same time never reads half a file.
    const aside = `${kept}.${process.pid}`;
    await run(process.execPath, [compiler, join(sources, "index.ts"), "--outFile", aside, ...flags], { cwd: root });
    await rename(aside, kept);
  }
  return new Uint8Array(await readFile(kept));
}

async function digestOfInputs() {
  const { version } = JSON.parse(await readFile(join(root, "node_modules/assemblyscript/package.json"), "utf8"));
  const hash = createHash("sha256").update(JSON.stringify([version, flags]));
  for (const name of (await readdir(sources)).filter((file) => file.endsWith(".ts")).sort())
    hash.update(name).update(await readFile(join(sources, name)));
  return hash.digest("hex").slice(0, 16);
}
