/** A folder that is whole at every moment: built beside, then swapped in, so that whoever reads it never finds half of it. */
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Calls `fill` with a fresh folder under `scratch` and puts it in the place of `target` when it resolves.
 * @param {string} target
 * @param {string} scratch On the same file system as `target`.
 * @param {(folder: string) => Promise<void>} fill
 */
export async function swapFolder(target, scratch, fill) {
  const fresh = join(scratch, `fresh-${process.pid}`);
  const old = join(scratch, `old-${process.pid}`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  try {
    await fill(fresh);
    for (let attempt = 1; ; attempt++) {
      await rename(target, old).catch(ignoreAbsence);
      try {
        await rename(fresh, target);
        break;
      } catch (thrown) {
        // Another build put its own there in between: as good as ours, but ours is newer.
        if (attempt === 5) throw thrown;
      }
      await rm(old, { recursive: true, force: true });
    }
  } finally {
    // Retried: when one part of `fill` fails, the others may still be writing.
    await rm(fresh, { recursive: true, force: true, maxRetries: 5 });
    await rm(old, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @param {NodeJS.ErrnoException} thrown */
function ignoreAbsence(thrown) {
  if (thrown.code !== "ENOENT") throw thrown;
}
