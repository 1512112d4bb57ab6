/** Where the control groups of this process are mounted. Pure: reads the text of two procfs files. */

/** Folders of control groups. */
export interface CgroupMounts {
  /** Folder of this process's own group, by v1 controller. */
  readonly v1: ReadonlyMap<string, string>;
  /** Folder of its own group in the v2 tree, and the tree's root. */
  readonly v2: { readonly folder: string; readonly root: string } | null;
}

/** `mountinfo` and `cgroup` of `/proc/self`. */
export function cgroupMounts(mountinfo: string, cgroup: string): CgroupMounts {
  const ownPaths = new Map<string, string>();
  for (const line of cgroup.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    for (const controller of controllers!.split(",")) ownPaths.set(controller, path); // "" is v2
  }
  const v1 = new Map<string, string>();
  let v2: CgroupMounts["v2"] = null;
  for (const line of mountinfo.split("\n")) {
    // <id> <parent> <dev> <root> <mount point> <options> [<tag>…] - <type> <source> <super options>
    const [left, right] = line.split(" - ");
    if (right === undefined) continue;
    const [, , , mountRoot = "/", point = ""] = left!.split(" ");
    const [type, , superOptions = ""] = right.split(" ");
    if (type === "cgroup2") {
      v2 ??= { root: point, folder: below(point, mountRoot, ownPaths.get("")) };
    } else if (type === "cgroup") {
      for (const controller of superOptions.split(",")) {
        const own = ownPaths.get(controller);
        if (own !== undefined && !v1.has(controller)) v1.set(controller, below(point, mountRoot, own));
      }
    }
  }
  return { v1, v2 };
}

/** In a container the mount shows only a part of the tree (`mountRoot`), while the process's own path may be given in full. */
function below(point: string, mountRoot: string, ownPath = "/"): string {
  const prefix = mountRoot === "/" ? "" : mountRoot;
  const inside = ownPath.startsWith(`${prefix}/`) || ownPath === prefix ? ownPath.slice(prefix.length) : ownPath;
  return inside === "/" || inside === "" ? point : `${point}${inside}`;
}
