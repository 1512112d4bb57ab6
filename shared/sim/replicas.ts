/** Replicas from birth to end: placing on nodes, starting, becoming ready, failing, draining. */

/** Waits for room on a node. */
export const PENDING = 0;
/** On its way to ready; so is one that restarts. */
export const STARTING = 1;
/** The replica takes calls. */
export const READY = 2;
/** Takes no more calls; ends those it has. */
export const DRAINING = 3;
/** The replica has ended. */
export const GONE = 4;

/** One replica, from its start to its end. */
export interface Replica {
  /** Place in tables; taken again when the replica is gone. */
  readonly place: number;
  readonly name: string;
  /** Never used twice; another one after a restart, by which calls of the life before are known. */
  life: number;
  state: number;
  /** −1 while pending. */
  node: number;
  /** When it got its node; what it costs counts from here. */
  placedSeconds: number;
  readySeconds: number;
  /** Calls in it that are waited for (what `max_inflight` counts), and all, the abandoned ones, too (what memory holds). */
  waited: number;
  calls: number;
  restarts: number;
  /** Moves on whenever planned events become void. */
  plan: number;
}

/** All replicas of a function. */
export class Replicas {
  /** By place; undefined where the place is free. */
  readonly byPlace: (Replica | undefined)[] = [];
  /** In order of birth; without those gone. */
  readonly all: Replica[] = [];
  /** Those that calls are routed to. */
  readonly routed: Replica[] = [];
  readonly onNode: Float64Array;
  #births = 0;
  #lives = 0;
  readonly #name: string;

  constructor(functionName: string, nodes: number) {
    this.#name = functionName;
    this.onNode = new Float64Array(nodes);
  }

  bear(): Replica {
    let place = this.byPlace.indexOf(undefined);
    if (place < 0) place = this.byPlace.length;
    const replica: Replica = {
      place,
      name: `${this.#name}-${this.#births++}`,
      life: ++this.#lives,
      state: PENDING,
      node: -1,
      placedSeconds: NaN,
      readySeconds: NaN,
      waited: 0,
      calls: 0,
      restarts: 0,
      plan: 0,
    };
    this.byPlace[place] = replica;
    this.all.push(replica);
    return replica;
  }

  /** Puts it on the emptiest node with room for `most` replicas a node; false when there is none. */
  settle(replica: Replica, most: number, nowSeconds: number): boolean {
    let best = 0;
    for (let node = 1; node < this.onNode.length; node++) if (this.onNode[node]! < this.onNode[best]!) best = node;
    if (this.onNode[best]! >= most) return false;
    this.onNode[best]!++;
    replica.node = best;
    replica.placedSeconds = nowSeconds;
    return true;
  }

  route(replica: Replica): void {
    this.routed.push(replica);
  }

  unroute(replica: Replica): void {
    const i = this.routed.indexOf(replica);
    if (i >= 0) this.routed.splice(i, 1);
  }

  /** It has forgotten all of its calls. */
  reincarnate(replica: Replica): void {
    replica.life = ++this.#lives;
    replica.waited = 0;
    replica.calls = 0;
  }

  end(replica: Replica): void {
    this.unroute(replica);
    if (replica.node >= 0) this.onNode[replica.node]!--;
    replica.state = GONE;
    replica.plan = -1;
    this.byPlace[replica.place] = undefined;
    this.all.splice(this.all.indexOf(replica), 1);
  }

  /** How many are neither draining nor gone. */
  get kept(): number {
    let kept = 0;
    for (const { state } of this.all) if (state < DRAINING) kept++;
    return kept;
  }

  /** How many replicas are in this state. */
  count(state: number): number {
    let count = 0;
    for (const replica of this.all) if (replica.state === state) count++;
    return count;
  }

  /** How many replicas are starting on this node. */
  startingOn(node: number): number {
    let count = 0;
    for (const replica of this.all) if (replica.node === node && replica.state === STARTING) count++;
    return count;
  }
}
