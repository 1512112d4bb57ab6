/** Kept connections to replicas. */
import { Agent, type ClientRequest } from "node:http";
import { connect, type Socket } from "node:net";

/** Kept without use, of all replicas together: a burst must not hold its file handles for ever. */
const mostIdle = 1_024;

/**
 * What `node:http` asks of an agent, and no more: Node's own looks at headers, timers and limits for every call, which
 * is an eighth of the gateway's CPU time a call (`npm run bench -- gateway`). Connections are on loopback and replicas
 * never close an idle one while they are ready, so that none of it is needed.
 */
export class ReplicaConnections extends Agent {
  #idle = 0;

  /** By the replica's port; gone with its last connection, as ports are not used again soon. */
  readonly #pools = new Map<number, Pool>();

  constructor() {
    super({ keepAlive: true });
  }

  /** Called by `ClientRequest`: gives it the idle connection that was used last, or a new one. */
  addRequest(request: ClientRequest, { port }: { readonly port: number }): void {
    let pool = this.#pools.get(port);
    if (!pool) this.#pools.set(port, (pool = { all: new Set(), idle: [] }));
    for (let socket = pool.idle.pop(); socket; socket = pool.idle.pop()) {
      this.#idle--;
      if (!socket.writable || socket.destroyed) continue;
      request.reusedSocket = true;
      return request.onSocket(socket);
    }
    request.onSocket(this.#connect(port, pool));
  }

  override destroy(): void {
    for (const { all } of this.#pools.values()) for (const socket of all) socket.destroy();
    super.destroy();
  }

  #connect(port: number, pool: Pool): Socket {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    pool.all.add(socket);
    // Said by `ClientRequest` when it is done with the connection and both sides would keep it.
    socket.on("free", () => {
      if (!socket.writable || this.#idle >= mostIdle) return void socket.destroy();
      this.#idle++;
      pool.idle.push(socket);
    });
    // A call in flight listens itself; an idle connection that breaks is of no interest, but needs a listener.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      pool.all.delete(socket);
      const at = pool.idle.indexOf(socket);
      if (at >= 0) {
        this.#idle--;
        pool.idle.splice(at, 1);
      }
      if (pool.all.size === 0 && this.#pools.get(port) === pool) this.#pools.delete(port);
    });
    return socket;
  }
}

interface Pool {
  readonly all: Set<Socket>;
  readonly idle: Socket[];
}
