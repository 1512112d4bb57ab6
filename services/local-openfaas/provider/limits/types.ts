/** What the provider asks of whatever enforces limits on this machine. */
import type { Resources } from "#shared/deploy/quantities.ts";

/** What one replica has used. */
export interface Usage {
  /** CPU time since the replica started. */
  readonly cpuSeconds: number;
  /** Memory that cannot be reclaimed at once (working set). */
  readonly memoryBytes: number;
  /** CFS periods, and those in which the replica ran out of quota; null where the kernel does not count them. */
  readonly cpuPeriods: { readonly total: number; readonly throttled: number } | null;
}

/** The limits around one replica: made before its process, closed after it. */
export interface Enclosure {
  /** The command that starts `command` inside the limits; its process keeps the pid of what was spawned. */
  wrap(command: string, args: readonly string[]): { readonly command: string; readonly args: readonly string[] };
  /** Flags by which Node keeps its heap within a memory limit that it cannot see by itself. */
  readonly nodeFlags: readonly string[];
  /** The process runs. */
  entered(pid: number): void;
  /** From now on the CPU limit holds. Throws one sentence when the platform refuses it. */
  throttle(): void;
  /** Whether the CPU limit itself holds the process still at this moment. */
  holdsStill(): boolean;
  /** Lets a stopped process run again, so that it can receive a signal. */
  release(): void;
  /** Null when the process is gone or cannot be measured. */
  usage(): Promise<Usage | null>;
  /** How many processes of this replica the memory limit has killed. */
  outOfMemoryKills(): number;
  /** Kills what is left inside, forgets everything. Never rejects. */
  close(): Promise<void>;
}

/** Makes the limits of replicas. */
export interface Limiter {
  /** How CPU and memory limits are enforced here, one line for people. */
  readonly description: string;
  /** False: some limit holds on paper only. */
  readonly enforced: boolean;
  open(replicaId: string, resources: Resources): Promise<Enclosure>;
  close(): Promise<void>;
}
