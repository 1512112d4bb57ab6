/** The files of a control group, by version: what is written for a limit, and what a measurement is read from. */

/** `optional`: the kernel may lack the file (no swap accounting); anything else that fails is an error. */
export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
  readonly optional?: true;
}

/** The content of a group's file, by its name. */
export type ReadFile = (file: string) => string;

/** What one version of control groups writes and reads. Memory in bytes, CPU in cores. */
export interface CgroupVersion {
  readonly name: "cgroup v1" | "cgroup v2";
  cpuQuota(cores: number, periodMicros: number): readonly CgroupWrite[];
  /** The weight against others when the machine is busy. */
  cpuShares(cores: number): readonly CgroupWrite[];
  memoryLimit(bytes: number): readonly CgroupWrite[];
  cpuSeconds(read: ReadFile): number;
  cpuPeriods(read: ReadFile): { readonly total: number; readonly throttled: number } | null;
  /** Use minus the file pages that the kernel would give back first: what cAdvisor calls the working set. */
  workingSetBytes(read: ReadFile): number;
  outOfMemoryKills(read: ReadFile): number;
}

const MIN_QUOTA_MICROS = 1_000;
const MIN_PERIOD_MICROS = 1_000;
const MAX_PERIOD_MICROS = 1_000_000;

/** The kernel refuses a quota below 1 ms (and then keeps the *old* limit): a small share takes a longer period. */
export function cfsQuota(cores: number, wantedPeriodMicros: number): { quotaMicros: number; periodMicros: number } {
  const shortest = Math.ceil(MIN_QUOTA_MICROS / cores);
  const periodMicros = Math.min(MAX_PERIOD_MICROS, Math.max(MIN_PERIOD_MICROS, wantedPeriodMicros, shortest));
  return { quotaMicros: Math.max(MIN_QUOTA_MICROS, Math.round(cores * periodMicros)), periodMicros };
}

/** Kubernetes' rule: 1024 shares a core, at least 2. */
export function sharesOf(cores: number): number {
  return Math.max(2, Math.round(cores * 1_024));
}

/** A hierarchy for each controller. */
export const cgroupV1: CgroupVersion = {
  name: "cgroup v1",
  cpuQuota: (cores, wantedPeriodMicros) => {
    const { quotaMicros, periodMicros } = cfsQuota(cores, wantedPeriodMicros);
    return [
      { file: "cpu.cfs_period_us", value: String(periodMicros) },
      { file: "cpu.cfs_quota_us", value: String(quotaMicros) },
    ];
  },
  cpuShares: (cores) => [{ file: "cpu.shares", value: String(sharesOf(cores)) }],
  memoryLimit: (bytes) => [
    { file: "memory.limit_in_bytes", value: String(bytes) },
    { file: "memory.memsw.limit_in_bytes", value: String(bytes), optional: true },
  ],
  cpuSeconds: (read) => Number(read("cpuacct.usage")) / 1e9,
  cpuPeriods: (read) => periodsIn(read("cpu.stat")),
  workingSetBytes: (read) =>
    Math.max(0, Number(read("memory.usage_in_bytes")) - (fieldOf(read("memory.stat"), "total_inactive_file") ?? 0)),
  outOfMemoryKills: (read) => fieldOf(read("memory.oom_control"), "oom_kill") ?? 0,
};

/** One hierarchy for all controllers. */
export const cgroupV2: CgroupVersion = {
  name: "cgroup v2",
  cpuQuota: (cores, wantedPeriodMicros) => {
    const { quotaMicros, periodMicros } = cfsQuota(cores, wantedPeriodMicros);
    return [{ file: "cpu.max", value: `${quotaMicros} ${periodMicros}` }];
  },
  // From shares 2…262144 to weights 1…10000, as container runtimes convert them.
  cpuShares: (cores) => [
    {
      file: "cpu.weight",
      value: String(1 + Math.floor(((Math.min(262_144, sharesOf(cores)) - 2) * 9_999) / 262_142)),
    },
  ],
  memoryLimit: (bytes) => [
    { file: "memory.max", value: String(bytes) },
    { file: "memory.swap.max", value: "0", optional: true },
  ],
  cpuSeconds: (read) => (fieldOf(read("cpu.stat"), "usage_usec") ?? 0) / 1e6,
  cpuPeriods: (read) => periodsIn(read("cpu.stat")),
  workingSetBytes: (read) =>
    Math.max(0, Number(read("memory.current")) - (fieldOf(read("memory.stat"), "inactive_file") ?? 0)),
  outOfMemoryKills: (read) => fieldOf(read("memory.events"), "oom_kill") ?? 0,
};

function periodsIn(stat: string): { total: number; throttled: number } | null {
  const total = fieldOf(stat, "nr_periods");
  const throttled = fieldOf(stat, "nr_throttled");
  return total === undefined || throttled === undefined ? null : { total, throttled };
}

/** The number after `name` in a file of `name number` lines. */
function fieldOf(text: string, name: string): number | undefined {
  const begin = `\n${name} `;
  const lines = `\n${text}\n`;
  const at = lines.indexOf(begin);
  if (at === -1) return undefined;
  return Number(lines.slice(at + begin.length, lines.indexOf("\n", at + 1)));
}
