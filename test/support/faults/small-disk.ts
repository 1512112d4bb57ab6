/** A real small file system in memory that a test can fill, make read-only and give space again; root ignores mode bits. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface SmallDisk {
  readonly folder: string;
  /** Nothing more fits. */
  fill(): Promise<void>;
  readOnly(): Promise<void>;
  /** Space again, and writable again. */
  relieve(): Promise<void>;
}

/** Null, with the test skipped, where nothing can be mounted. */
export async function smallDisk(t: TestContext, sizeKiB = 256): Promise<SmallDisk | null> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-disk-"));
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${sizeKiB}k,mode=0700`, "tmpfs", folder]);
  } catch {
    await rm(folder, { recursive: true });
    t.skip("no small disk can be mounted here (needs root)");
    return null;
  }
  const ballast = join(folder, ".ballast");
  const again = (how: string) => run("mount", ["-o", `remount,${how}`, folder]);
  t.after(async () => {
    // Whoever still has a file open there keeps it until then.
    await run("umount", ["--lazy", folder]);
    await rm(folder, { recursive: true });
  });
  return {
    folder,
    async fill() {
      for (let i = 0; (await statfs(folder)).bfree > 0; i++) {
        const { bfree, bsize } = await statfs(folder);
        await writeFile(`${ballast}${i}`, Buffer.alloc(bfree > 0 ? bsize : 0)).catch(() => {});
      }
    },
    readOnly: async () => void (await again("ro")),
    async relieve() {
      await again("rw");
      await run("sh", ["-c", 'rm -f "$1"/.ballast*', "sh", folder]);
    },
  };
}
