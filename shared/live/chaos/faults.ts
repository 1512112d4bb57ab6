/** What can be done to a running platform. Each begins, lasts a while, and is taken back; nothing here waits for more than it must. */
import type { PlatformProcesses } from "./processes.ts";
import { METRICS_WAYS, type MetricsProxy, type MetricsWay } from "./metrics-proxy.ts";

/** The functions of the loop that faults are tried on. */
export const PARTS = ["metrics-collector", "connector", "policy-inference", "scaler", "trainer"] as const;

/** What a fault can reach of the platform. */
export interface FaultWorld {
  readonly processes: PlatformProcesses;
  /** Null where the collector does not read the gateway itself. */
  readonly metrics: MetricsProxy | null;
  /** The managed function that is watched. */
  readonly functionName: string;
  /** Whether a replica other than these answers. */
  isBack(functionName: string, gone: readonly number[]): Promise<boolean>;
  /** Sets the function's count past Replicant. */
  setCount(replicas: number): Promise<void>;
  leastReplicas: number;
  /** Deploys a part again as it is. */
  redeploy(functionName: string): Promise<void>;
  /** Resolves when the condition holds; rejects when it takes too long. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void>;
  /** So much trace time. */
  windows(count: number): Promise<void>;
}

/** One thing that can go wrong. */
export interface Fault {
  readonly name: string;
  /** Whether the count must not go down while it lasts: it takes away what a decision needs. */
  readonly isBlinding: boolean;
  /** Whether whoever decides is lost with its lease, which is taken over in real time, however fast trace time runs. */
  readonly endsLease: boolean;
  /** Resolves when it is over: taken back, or mended by the platform. Rejects when it was not mended. */
  happen(world: FaultWorld): Promise<void>;
}

const BLIND_WINDOWS = 2;

/** Every fault there is for a platform with this managed function. */
export function faultsFor(functionName: string): readonly Fault[] {
  const parts = [...PARTS, functionName];
  return [
    ...parts.map((part) => signalled("kill", part)),
    ...parts.map((part) => signalled("pause", part)),
    ...PARTS.map(redeployed),
    busKilled,
    busPaused,
    ...METRICS_WAYS.map(metricsAre),
    secondWriter,
  ];
}

function signalled(verb: "kill" | "pause", part: string): Fault {
  return {
    name: `${verb} ${part}`,
    isBlinding: false,
    endsLease: part === "scaler",
    async happen({ processes, until, isBack }) {
      const [pid] = processes.pidsOf(part);
      if (pid === undefined) throw new Error(`no process of ${part} was found`);
      const isSignalled = processes.signal(pid, verb === "kill" ? "SIGKILL" : "SIGSTOP");
      if (!isSignalled) throw new Error(`process ${pid} of ${part} ended by itself`);
      try {
        await until(() => !processes.pidsOf(part).includes(pid), `process ${pid} of ${part} replaced`);
      } finally {
        // Never left stopped, whatever became of the platform.
        if (verb === "pause") processes.signal(pid, "SIGCONT");
      }
      await until(() => isBack(part, [pid]), `another replica of ${part} ready`);
    },
  };
}

function redeployed(part: string): Fault {
  return {
    name: `redeploy ${part}`,
    isBlinding: false,
    endsLease: false,
    async happen(world) {
      const before = world.processes.pidsOf(part);
      await world.redeploy(part);
      await world.until(
        () => world.processes.pidsOf(part).every((pid) => !before.includes(pid)),
        `the replicas of ${part} replaced`,
      );
      await world.until(() => world.isBack(part, before), `another replica of ${part} ready`);
    },
  };
}

const busKilled: Fault = {
  name: "kill bus",
  isBlinding: true,
  endsLease: true,
  async happen({ processes, until }) {
    const pid = await processes.busPid();
    if (pid === null) throw new Error("the bus is not this platform's own");
    processes.signal(pid, "SIGKILL");
    await until(async () => ![null, pid].includes(await processes.busPid()), "another server of the bus");
  },
};

const busPaused: Fault = {
  name: "pause bus",
  isBlinding: true,
  endsLease: true,
  async happen({ processes, windows }) {
    const pid = await processes.busPid();
    if (pid === null) throw new Error("the bus is not this platform's own");
    processes.signal(pid, "SIGSTOP");
    try {
      await windows(BLIND_WINDOWS);
    } finally {
      processes.signal(pid, "SIGCONT");
    }
  },
};

function metricsAre(way: MetricsWay): Fault {
  return {
    name: `metrics ${way}`,
    isBlinding: true,
    endsLease: false,
    async happen({ metrics, windows }) {
      if (metrics === null) throw new Error("the collector does not read the gateway's own metrics");
      metrics.answer(way);
      try {
        await windows(BLIND_WINDOWS);
      } finally {
        metrics.answer(null);
      }
    },
  };
}

const secondWriter: Fault = {
  name: "second writer",
  isBlinding: false,
  endsLease: false,
  happen: (world) => world.setCount(world.leastReplicas),
};
