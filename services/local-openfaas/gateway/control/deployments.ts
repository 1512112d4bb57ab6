/** Changes to what is deployed: one after the other for each name, and those under way count against the profile's limit. */
import type { FunctionDeployment, Provider } from "../../provider/types.ts";
import type { ProfileRules } from "#shared/deploy/gateway-profile.ts";
import { checkDeployment } from "../profile.ts";
import { deployedFunction, Refusal } from "../refusal.ts";

/** A deployment takes milliseconds: who waits behind so many is sending them on purpose. */
const mostWaiting = 16;

/** Checks and makes changes, each in its turn. */
export class Deployments {
  readonly #provider: Provider;
  readonly #rules: ProfileRules;
  /** By name: how many are under way or wait, and when the last of them has ended. */
  readonly #turns = new Map<string, { count: number; last: Promise<void> }>();
  /** New names whose deployment is under way. */
  readonly #arriving = new Set<string>();

  constructor(provider: Provider, rules: ProfileRules) {
    this.#provider = provider;
    this.#rules = rules;
  }

  /** Refuses with 409 a name that is taken, by then. */
  deploy(deployment: FunctionDeployment): Promise<void> {
    const { service } = deployment;
    return this.#inTurn(service, async () => {
      if (this.#provider.get(service)) {
        throw new Refusal(409, `function '${service}' is deployed already: update it with PUT`);
      }
      checkDeployment(deployment, this.#provider.list().length + this.#arriving.size, this.#rules);
      this.#arriving.add(service);
      try {
        await this.#provider.deploy(deployment);
      } finally {
        this.#arriving.delete(service);
      }
    });
  }

  /** Refuses with 404 a name that is not deployed. */
  update(deployment: FunctionDeployment): Promise<void> {
    const { service } = deployment;
    return this.#inTurn(service, async () => {
      deployedFunction(this.#provider, service);
      checkDeployment(deployment, this.#provider.list().length - 1, this.#rules);
      await this.#provider.update(deployment);
    });
  }

  /** Refuses with 404 a name that is not deployed. */
  remove(functionName: string): Promise<void> {
    return this.#inTurn(functionName, async () => {
      deployedFunction(this.#provider, functionName);
      await this.#provider.remove(functionName);
    });
  }

  async #inTurn(name: string, change: () => Promise<void>): Promise<void> {
    const turn = this.#turns.get(name) ?? { count: 0, last: Promise.resolve() };
    if (turn.count >= mostWaiting) {
      throw new Refusal(429, `${turn.count} changes of '${name}' are under way already`, { "Retry-After": "1" });
    }
    this.#turns.set(name, turn);
    turn.count++;
    const mine = turn.last.then(change);
    turn.last = mine.catch(() => undefined);
    try {
      await mine;
    } finally {
      if (--turn.count === 0) this.#turns.delete(name);
    }
  }
}
