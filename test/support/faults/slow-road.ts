/** A TCP road to a server on which every piece takes as long as a test wants, in both directions and in order. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

export interface SlowRoad {
  /** Where it begins: `127.0.0.1:PORT`. */
  readonly host: string;
  /** From now on every piece waits so many milliseconds, each after the one before it. */
  delay(ms: number): void;
}

export async function slowRoad(t: TestContext, to: string): Promise<SlowRoad> {
  const [address, port] = to.split(":") as [string, string];
  const sockets = new Set<Socket>();
  let delayMs = 0;
  const carry = async (from: Socket, onto: Socket): Promise<void> => {
    try {
      for await (const piece of from) {
        if (delayMs > 0) await sleep(delayMs);
        if (!onto.write(piece as Buffer))
          await new Promise((resolve) => onto.once("drain", resolve).once("close", resolve));
      }
    } catch {
      // One end is gone: so goes the other.
    }
    onto.destroy();
  };
  const server = createServer((near) => {
    const far = connect(Number(port), address);
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      sockets.add(socket.on("close", () => sockets.delete(socket)));
    }
    void carry(near, far);
    void carry(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, delay: (ms) => void (delayMs = ms) };
}
