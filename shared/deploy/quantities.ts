/** CPU and memory quantities as stack.yml and Kubernetes write them. */
import { BadInputError } from "../core/errors.ts";

/** Quantities as text, such as `100m` and `128Mi`. */
export interface ResourceList {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
}

/** What a replica asks for and may not exceed; null where nothing was said. */
export interface Resources {
  readonly cpuRequestCores: number | null;
  readonly cpuLimitCores: number | null;
  readonly memoryRequestBytes: number | null;
  readonly memoryLimitBytes: number | null;
}

const MEMORY_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** `100m` is 0.1 core, `0.5` half a core. Throws `BadInputError`. */
export function parseCpuCores(text: string, setting: string): number {
  const found = /^(\d+(?:\.\d+)?|\.\d+)(m?)$/.exec(text.trim());
  const cores = found ? Number(found[1]) / (found[2] === "m" ? 1_000 : 1) : Number.NaN;
  if (cores >= 0.001) return cores;
  throw new BadInputError(`${setting} must be a CPU quantity of at least 1m, like '100m' or '0.5', was: '${text}'`);
}

/** `128Mi`, `64M`, `1Gi` or plain bytes. Throws `BadInputError`. */
export function parseMemoryBytes(text: string, setting: string): number {
  const found = /^(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text.trim());
  const bytes = found ? Math.floor(Number(found[1]) * MEMORY_UNITS[found[2] ?? ""]!) : 0;
  if (bytes > 0) return bytes;
  throw new BadInputError(`${setting} must be a memory quantity like '128Mi' or '64M', was: '${text}'`);
}

/** As Kubernetes has it: a limit without a request is also the request; a request above its limit is refused. */
export function readResources(requests: ResourceList = {}, limits: ResourceList = {}): Resources {
  const read = (list: ResourceList, what: "requests" | "limits", key: "cpu" | "memory") => {
    const text = list[key];
    if (text === undefined || text === "") return null;
    return (key === "cpu" ? parseCpuCores : parseMemoryBytes)(text, `${what}.${key}`);
  };
  const cpuLimitCores = read(limits, "limits", "cpu");
  const memoryLimitBytes = read(limits, "limits", "memory");
  const cpuRequestCores = read(requests, "requests", "cpu") ?? cpuLimitCores;
  const memoryRequestBytes = read(requests, "requests", "memory") ?? memoryLimitBytes;
  for (const [key, request, limit] of [
    ["cpu", cpuRequestCores, cpuLimitCores],
    ["memory", memoryRequestBytes, memoryLimitBytes],
  ] as const) {
    if (request !== null && limit !== null && request > limit) {
      throw new BadInputError(`requests.${key} (${requests[key]}) must not exceed limits.${key} (${limits[key]})`);
    }
  }
  return { cpuRequestCores, cpuLimitCores, memoryRequestBytes, memoryLimitBytes };
}
