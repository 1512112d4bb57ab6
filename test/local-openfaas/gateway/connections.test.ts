/** Kept connections to replicas: used again, let go when they break, and not piling up. */
import assert from "node:assert/strict";
import { createServer, request as httpRequest, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { ReplicaConnections } from "#services/local-openfaas/gateway/invocation/connections.ts";
import { eventually } from "#test/support/eventually.ts";

async function replica(t: TestContext, handler: RequestListener = (_, response) => response.end("ok")) {
  const sockets = new Set<Socket>();
  const server = createServer(handler);
  server.keepAliveTimeout = 0;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const connections = new ReplicaConnections();
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    connections.destroy();
    server.close();
    server.closeAllConnections();
  });
  const call = () =>
    new Promise<{ reused: boolean; socket: Socket; text: string }>((resolve, reject) => {
      const request = httpRequest({ agent: connections, host: "127.0.0.1", port, method: "GET", path: "/" });
      request.on("error", reject);
      request.on("response", (response) => {
        const { reusedSocket: reused } = request;
        const socket = request.socket!;
        let text = "";
        response.on("data", (chunk) => (text += String(chunk)));
        response.on("end", () => setImmediate(() => resolve({ reused, socket, text })));
      });
      request.end();
    });
  return { connections, sockets, call };
}

test("connections: one after another share one; as many as there are at a time are opened", async (t) => {
  const { sockets, call } = await replica(t);
  assert.equal((await call()).reused, false);
  assert.equal((await call()).reused, true);
  assert.equal(sockets.size, 1);
  await Promise.all([call(), call(), call()]);
  assert.equal(sockets.size, 3);
  const all = await Promise.all([call(), call(), call()]);
  assert.ok(all.every(({ reused }) => reused));
});

test("connections: a thousand calls leave no listener behind", async (t) => {
  const { call } = await replica(t);
  const { socket } = await call();
  const before = socket.eventNames().map((name) => [name, socket.listenerCount(name)]);
  for (let i = 0; i < 1_000; i++) await call();
  assert.deepEqual(
    socket.eventNames().map((name) => [name, socket.listenerCount(name)]),
    before,
  );
});

test("connections: one that the replica closed while idle is not used again", async (t) => {
  const { sockets, call } = await replica(t);
  const { socket } = await call();
  for (const each of sockets) each.destroy();
  await eventually(() => socket.destroyed, { what: "the close to be seen" });
  assert.deepEqual([(await call()).reused, (await call()).reused], [false, true]);
});

test("connections: one that the replica resets while idle harms nobody", async (t) => {
  const { sockets, call } = await replica(t);
  const { socket } = await call();
  for (const each of sockets) each.resetAndDestroy();
  await eventually(() => socket.destroyed, { what: "the reset to be seen" });
  assert.equal((await call()).text, "ok");
});

test("connections: an answer that closes its connection closes it", async (t) => {
  const { sockets, call } = await replica(t, (_, response) =>
    response.writeHead(200, { Connection: "close" }).end("bye"),
  );
  assert.equal((await call()).text, "bye");
  await eventually(() => sockets.size === 0, { what: "the close" });
  assert.equal((await call()).reused, false);
});

test("connections: destroying closes all, idle and in use", async (t) => {
  let answer = true;
  const { connections, sockets, call } = await replica(t, (_, response) => {
    if (answer) response.end("ok");
  });
  await Promise.all([call(), call()]);
  answer = false;
  const pending = assert.rejects(call(), { code: "ECONNRESET" });
  await eventually(() => sockets.size === 2, { what: "two connections" });
  connections.destroy();
  await pending;
  await eventually(() => sockets.size === 0, { what: "the end of both" });
});
