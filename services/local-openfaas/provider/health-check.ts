/** Asks one replica for its health, again and again over one kept connection. */
import { Agent, get, type ClientRequest } from "node:http";

/** Every so many looks: a question costs a replica of a tenth of a core half a millisecond of it. */
const ASK_EVERY_LOOKS = 3;
/** A question that was not answered by then is asked anew: the connection may be what is broken. */
const GIVE_UP_LOOKS = 6;

/** One replica's health; made when it is ready. */
export class HealthCheck {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #looksSinceAsked = 0;
  #pending: ClientRequest | undefined;
  #hasFailed = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** False while an answer is owed; asks when it is time. */
  look(): boolean {
    this.#looksSinceAsked++;
    const isOwed = this.#pending !== undefined || this.#hasFailed;
    if (this.#pending && this.#looksSinceAsked >= GIVE_UP_LOOKS) this.#pending.destroy();
    if (!this.#pending && this.#looksSinceAsked >= ASK_EVERY_LOOKS) this.#ask();
    return !isOwed;
  }

  close(): void {
    this.#pending?.destroy();
    this.#agent.destroy();
  }

  #ask(): void {
    this.#looksSinceAsked = 0;
    const options = { host: "127.0.0.1", port: this.#port, path: "/_/health", agent: this.#agent };
    const request = get(options, (answer) => {
      this.#hasFailed = false; // whatever it says: the process is alive
      answer.resume();
    });
    this.#pending = request;
    request.once("error", () => (this.#hasFailed = true));
    request.once("close", () => (this.#pending = undefined));
  }
}
