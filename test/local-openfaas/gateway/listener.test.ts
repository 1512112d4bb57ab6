/** Listening and draining: a port in use, a start that is not finished, calls that may end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listen } from "#services/local-openfaas/gateway/listener.ts";
import { eventually } from "#test/support/eventually.ts";
import { rawConnection } from "#test/support/raw-http.ts";

test("listener: a port in use is one sentence that names it", async (t) => {
  const first = await listen("127.0.0.1", 0);
  t.after(() => first.close(0));
  await assert.rejects(listen("127.0.0.1", first.port), {
    name: "BadInputError",
    message: `port ${first.port} on 127.0.0.1 is in use by another program: stop it or choose another port`,
  });
});

test("listener: an address that is not of this machine is refused in one sentence", async () => {
  await assert.rejects(listen("192.0.2.1", 0), {
    name: "BadInputError",
    message: /^cannot listen on port 0 of '192.0.2.1': /,
  });
});

test("listener: before there is a handler everything is 503", async (t) => {
  const listener = await listen("127.0.0.1", 0);
  t.after(() => listener.close(0));
  assert.equal((await fetch(listener.url)).status, 503);
  listener.serve((_, response) => response.end("ready"));
  assert.equal(await (await fetch(listener.url)).text(), "ready");
});

test("listener: closing lets a call end and takes no new connection", async () => {
  const listener = await listen("127.0.0.1", 0);
  let finish: () => void = () => undefined;
  listener.serve((_, response) => {
    finish = () => response.end("whole");
    response.write("not ");
  });
  const raw = await rawConnection(listener.url);
  raw.socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await raw.until(/not /);
  const closed = listener.close(10_000);
  await eventually(
    () =>
      fetch(listener.url).then(
        () => false,
        () => true,
      ),
    { what: "new connections to be refused" },
  );
  finish();
  await closed;
  assert.match(raw.text(), /whole/);
});

test("listener: what does not end in time is cut, and closing twice does no harm", async () => {
  const listener = await listen("127.0.0.1", 0);
  listener.serve((_, response) => void response.write("for ever"));
  const raw = await rawConnection(listener.url);
  raw.socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await raw.until(/for ever/);
  await Promise.all([listener.close(20), listener.close(20)]);
  await eventually(() => raw.socket.destroyed, { what: "the cut" });
  await listener.close(0);
});

test("listener: every interface is reached by loopback", async (t) => {
  const listener = await listen("0.0.0.0", 0);
  t.after(() => listener.close(0));
  assert.equal(listener.url, `http://127.0.0.1:${listener.port}`);
});
