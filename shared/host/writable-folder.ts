/** Where a workload may write. */
import { tmpdir } from "node:os";
import { resolve } from "node:path";

/**
 * A relative folder is inside the system's temporary one: on OpenFaaS the only place that is writable whatever the image's
 * user and `readonly_root_filesystem` say, and a function's own. What must outlive the pod is given a mounted volume's path.
 */
export function writableFolder(setting: string): string {
  return resolve(tmpdir(), setting);
}
