/** An agent's objective, computed from windows as a running platform measured them: what its live steps were worth. */
import { DemandEstimate } from "../core/demand.ts";
import { violationShare } from "./observation/violations.ts";
import { OBJECTIVES } from "./objectives/published.ts";
import { productReward } from "./objectives/product.ts";
import type { Transition } from "../core/transition.ts";
import { isDecidable, type MetricsWindow } from "../core/window.ts";
import type { AgentSettings } from "../rl/settings.ts";

/** Of one function. */
export class MeasuredRewards {
  readonly #settings: AgentSettings;
  readonly #demand = new DemandEstimate();
  #needed = 0;
  #usual = 0;
  #seen = 0;

  constructor(settings: AgentSettings) {
    this.#settings = settings;
  }

  /** Transitions in their order: the usual need is learned on the way. */
  of({ window, next, managed, proposal, applied }: Transition): number {
    const { objective } = this.#settings;
    const replicaSeconds = replicasIn(next, applied.applied ?? applied.current ?? 0) * next.windowSeconds;
    if (isDecidable(window)) this.#see(this.#demand.see(window, managed).replicas);
    if (objective === "product") {
      return productReward({
        violationShare: violationShare(next, managed.slo.seconds),
        neededReplicas: this.#needed,
        usualReplicas: this.#usual,
        replicaSeconds,
        windowSeconds: next.windowSeconds,
      }).total;
    }
    const requestedReplicas = proposal.proposedReplicas;
    return OBJECTIVES[objective].rewardOf({
      window: next,
      requestedReplicas,
      isWithinBounds: requestedReplicas >= managed.minReplicas && requestedReplicas <= managed.maxReplicas,
      sloSeconds: managed.slo.seconds,
      replicaSeconds,
    }).total;
  }

  #see(needed: number): void {
    this.#needed = needed;
    this.#usual += (needed - this.#usual) / ++this.#seen;
  }
}

/** What stood during the window: a window tells the count at its end. */
function replicasIn({ desiredReplicas }: MetricsWindow, otherwise: number): number {
  return desiredReplicas ?? otherwise;
}
