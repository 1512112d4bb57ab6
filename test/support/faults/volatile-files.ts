/** A file system in memory that can lose what was not synced, as a power cut does. */
import { basename, dirname } from "node:path";

import type { Files, OpenFile } from "#shared/adapters/files/files.ts";

interface FileNode {
  content: Buffer;
  /** What the disk holds. */
  synced: Buffer;
}
interface FolderNode {
  readonly names: Map<string, Node>;
  synced: Map<string, Node>;
}
type Node = FileNode | FolderNode;

/** What happens to reach the disk by itself, of what nobody has waited for. */
export interface Luck {
  readonly names: boolean;
  readonly contents: boolean;
}
export const LUCKS: readonly Luck[] = [
  { names: false, contents: false },
  { names: true, contents: false },
  { names: false, contents: true },
  { names: true, contents: true },
];

export interface VolatileFiles extends Files {
  /** The same files after a power cut; this one is of no use any more. */
  afterPowerCut(luck: Luck): VolatileFiles;
}

const failure = (code: string, path: string) => Object.assign(new Error(`${code}: ${path}`), { code });
const isFolder = (node: Node | undefined): node is FolderNode => node !== undefined && "names" in node;

export function volatileFiles(root: FolderNode = { names: new Map(), synced: new Map() }): VolatileFiles {
  const find = (path: string): Node | undefined => {
    let node: Node | undefined = root;
    for (const name of path.split("/").filter(Boolean)) node = isFolder(node) ? node.names.get(name) : undefined;
    return node;
  };
  const folderAt = (path: string): FolderNode => {
    const node = find(path);
    if (!isFolder(node)) throw failure(node ? "ENOTDIR" : "ENOENT", path);
    return node;
  };
  const open = (node: FileNode): OpenFile => ({
    sizeBytes: async () => node.content.length,
    write: async (bytes) => {
      node.content = Buffer.concat([node.content, bytes]);
      return bytes.length;
    },
    truncate: async (size) => void (node.content = node.content.subarray(0, size)),
    sync: async () => void (node.synced = node.content),
    close: async () => {},
  });
  const make = (path: string): FileNode => {
    const node = { content: Buffer.alloc(0), synced: Buffer.alloc(0) };
    folderAt(dirname(path)).names.set(basename(path), node);
    return node;
  };

  return {
    makeFolder: async (path) => {
      let topmost: string | undefined;
      let at = "";
      for (const name of path.split("/").filter(Boolean)) {
        const { names } = folderAt(at);
        at += `/${name}`;
        if (names.has(name)) continue;
        names.set(name, { names: new Map(), synced: new Map() });
        topmost ??= at;
      }
      return topmost;
    },
    list: async (folder) => (find(folder) ? [...folderAt(folder).names.keys()].sort() : []),
    read: async (path) => {
      const node = find(path);
      if (isFolder(node)) throw failure("EISDIR", path);
      return node?.content;
    },
    exists: async (path) => find(path) !== undefined,
    create: async (path) => {
      if (find(path)) throw failure("EEXIST", path);
      return open(make(path));
    },
    openAtEnd: async (path) => {
      const node = find(path) ?? make(path);
      if (isFolder(node)) throw failure("EISDIR", path);
      return open(node);
    },
    rename: async (from, to) => {
      const node = find(from);
      if (!node) throw failure("ENOENT", from);
      const there = find(to);
      if (isFolder(there) && there.names.size > 0) throw failure("ENOTEMPTY", to);
      folderAt(dirname(from)).names.delete(basename(from));
      folderAt(dirname(to)).names.set(basename(to), node);
    },
    link: async (from, to) => {
      const node = find(from);
      if (!node) throw failure("ENOENT", from);
      if (find(to)) throw failure("EEXIST", to);
      folderAt(dirname(to)).names.set(basename(to), node);
    },
    remove: async (path) => void (find(path) && folderAt(dirname(path)).names.delete(basename(path))),
    syncFolder: async (path) => {
      const folder = folderAt(path);
      folder.synced = new Map(folder.names);
    },
    afterPowerCut: (luck) => volatileFiles(survivorOf(root, luck, new Map()) as FolderNode),
  };
}

/** A file with two names stays one file. */
function survivorOf(node: Node, luck: Luck, known: Map<Node, Node>): Node {
  const before = known.get(node);
  if (before) return before;
  if (!isFolder(node)) {
    const bytes = luck.contents ? node.content : node.synced;
    const file = { content: bytes, synced: bytes };
    known.set(node, file);
    return file;
  }
  const names = new Map<string, Node>();
  known.set(node, { names, synced: names });
  for (const [name, child] of luck.names ? node.names : node.synced) names.set(name, survivorOf(child, luck, known));
  return { names, synced: new Map(names) };
}
