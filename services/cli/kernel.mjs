/** Compiles the engine's kernel from AssemblyScript; a few seconds once, then from a cache named by what went in. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const sources = join(root, "shared", "rl", "kernel", "assembly");
const cache = join(root, "node_modules", ".cache", "replicant");

/** Shared memory with one declared maximum, so that one kernel serves one thread and several. */
const flags = [
  ...["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd,threads"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "16384"],
];

/** The kernel's bytes. @returns {Promise<Uint8Array>} */
export async function compileKernel() {
  const kept = join(cache, `kernel-${await digestOfInputs()}.wasm`);
  try {
    return new Uint8Array(await readFile(kept));
  } catch {
    const bytes = await compile();
    await mkdir(cache, { recursive: true });
    // Written aside and renamed: whoever compiles at the same time never reads half a file.
    const aside = `${kept}.${process.pid}`;
    await writeFile(aside, bytes);
    await rename(aside, kept);
    return bytes;
  }
}

async function digestOfInputs() {
  const { version } = JSON.parse(await readFile(join(root, "node_modules/assemblyscript/package.json"), "utf8"));
  const hash = createHash("sha256").update(JSON.stringify([version, flags]));
  for (const name of (await readdir(sources)).filter((file) => file.endsWith(".ts")).sort())
    hash.update(name).update(await readFile(join(sources, name)));
  return hash.digest("hex").slice(0, 16);
}

async function compile() {
  const { default: asc } = await import("assemblyscript/asc");
  /** @type {Uint8Array | undefined} */
  let bytes;
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "kernel.wasm", "--baseDir", sources, ...flags], {
    writeFile: (name, contents) => {
      if (name === "kernel.wasm") bytes = /** @type {Uint8Array} */ (contents);
    },
  });
  if (error || !bytes) throw new Error(`the kernel does not compile:\n${stderr.toString()}`, { cause: error });
  return bytes;
}
