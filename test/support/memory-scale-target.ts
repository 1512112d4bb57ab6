/** A platform of replica counts and nothing else: replicas are ready at once, caps and refusals as configured. */
import {
  refuseForeignChange,
  ScaleRefusedError,
  UnknownFunctionError,
  type ReplicaCount,
  type ScaleAuthority,
  type ScaleTarget,
} from "#shared/ports/scale-target.ts";

export class MemoryScaleTarget implements ScaleTarget {
  readonly name = "simulator";
  readonly #desired = new Map<string, number>();
  /** Every count asked for, in order. */
  readonly asked: {
    readonly functionName: string;
    readonly desiredReplicas: number;
    readonly fencing: number | null;
  }[] = [];
  /** Clamps what is asked for, as the community gateway does. */
  cap: { readonly min: number; readonly max: number } = { min: 0, max: Infinity };
  /** Called once, between a write and its read-back: what another writer does then. */
  afterWrite: (() => void) | null = null;
  /** Called once, between a read and the next write: as `afterWrite`. */
  beforeWrite: (() => void) | null = null;
  /** Called with every read, before it is answered. */
  beforeRead: (() => void) | null = null;
  /** While true, nothing is answered. */
  away = false;

  /** Sets a count as someone else would. */
  set(functionName: string, replicas: number): void {
    this.#desired.set(functionName, replicas);
  }

  get(functionName: string): number | undefined {
    return this.#desired.get(functionName);
  }

  async read(functionName: string): Promise<ReplicaCount> {
    this.beforeRead?.();
    if (this.away) throw new ScaleRefusedError("the platform is away");
    const desiredReplicas = this.#desired.get(functionName);
    if (desiredReplicas === undefined) throw new UnknownFunctionError(`no function '${functionName}'`);
    return { desiredReplicas, availableReplicas: desiredReplicas };
  }

  async scale(
    functionName: string,
    _namespace: string,
    desiredReplicas: number,
    authority?: ScaleAuthority,
  ): Promise<{ appliedReplicas: number }> {
    const { beforeWrite } = this;
    this.beforeWrite = null;
    beforeWrite?.();
    const { desiredReplicas: found } = await this.read(functionName);
    refuseForeignChange(functionName, found, desiredReplicas, authority);
    const fencing = authority?.fencing ?? null;
    this.asked.push({ functionName, desiredReplicas, fencing });
    const appliedReplicas = Math.min(this.cap.max, Math.max(this.cap.min, desiredReplicas));
    this.#desired.set(functionName, appliedReplicas);
    const { afterWrite } = this;
    this.afterWrite = null;
    afterWrite?.();
    return { appliedReplicas: (await this.read(functionName)).desiredReplicas };
  }
}
