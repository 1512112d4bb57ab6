/** The page over HTTP: its files and their headers, its data, its stream, its limits. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { memoryBus } from "#test/support/memory-bus.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { mountUi } from "#services/local-openfaas/ui/mount.ts";
import { CONTENT_SECURITY_POLICY } from "#services/local-openfaas/ui/router.ts";
import { MAX_STREAMS } from "#services/local-openfaas/ui/streams.ts";
import type { DecisionView, HistoryView, UiState } from "#services/local-openfaas/ui/types.ts";
import { eventually } from "#test/support/eventually.ts";
import { authorization, startTestGateway } from "#test/support/gateway.ts";
import { aDecision } from "#test/support/local-openfaas/decided.ts";
import { pageFolder } from "#test/support/local-openfaas/page-folder.ts";
import { openEvents } from "#test/support/local-openfaas/sse.ts";

async function startWithPage(t: TestContext, bus?: EventBus) {
  const gateway = await startTestGateway(t, {
    mountUi: mountUi({
      folder: await pageFolder(),
      limits: "limits: none",
      events: bus && { bus, description: "memory" },
      log: () => {},
    }),
  });
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${gateway.url}${path}`, { redirect: "manual", headers: { Authorization: authorization }, ...init });
  return { ...gateway, get };
}

test("ui: every file of the page is served, with a type and a policy that keeps it to this origin", async (t) => {
  const { get } = await startWithPage(t);
  const files = await readdir(await pageFolder(), { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice((files[0]!.parentPath.length || 0) + 1));
  assert.ok(paths.includes("app.js") && paths.includes(join("vendor", "uPlot.iife.min.js")), paths.join());
  for (const path of ["", ...paths]) {
    const response = await get(`/ui/${path}`);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("content-security-policy"), CONTENT_SECURITY_POLICY, path);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.match(response.headers.get("content-type") ?? "", /^(text\/(html|css|javascript)|image\/svg\+xml)/, path);
    await response.arrayBuffer();
  }
});

test("ui: the page has no inline code and names no other origin", async () => {
  const folder = await pageFolder();
  const html = await readFile(join(folder, "index.html"), "utf8");
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i);
  for (const file of (await readdir(folder)).filter((name) => /\.(html|js|css)$/.test(name))) {
    const text = (await readFile(join(folder, file), "utf8")).replaceAll("http://www.w3.org/2000/svg", "");
    assert.doesNotMatch(text, /https?:\/\/|url\(|@import/, file);
  }
});

test("ui: without credentials there is nothing to see; without its slash the address is put right", async (t) => {
  const { url, get } = await startWithPage(t);
  for (const path of ["/ui/", "/ui/app.js", "/ui/api/state", "/ui/api/events"]) {
    assert.equal((await fetch(url + path)).status, 401, path);
  }
  const response = await get("/ui");
  assert.equal(response.status, 301);
  assert.equal(response.headers.get("location"), "/ui/");
});

test("ui: what is not there is refused in a sentence", async (t) => {
  const { get } = await startWithPage(t);
  for (const { path, method = "GET", status, sentence } of [
    { path: "/ui/nothing.js", status: 404, sentence: /there is no \/ui\/nothing.js here/ },
    { path: "/ui/..%2f..%2fpackage.json", status: 404, sentence: /there is no/ },
    { path: "/ui/api/history/nobody", status: 404, sentence: /no function 'nobody'/ },
    { path: "/ui/api/state", method: "POST", status: 405, sentence: /does not take POST/ },
    { path: "/ui/api/events", method: "HEAD", status: 405, sentence: /^$/ },
  ]) {
    const response = await get(path, { method });
    assert.equal(response.status, status, path);
    assert.match(await response.text(), sentence);
  }
});

test("ui: the state's numbers are those of /system/functions", async (t) => {
  const { get, system, deploy, provider, url } = await startWithPage(t);
  await deploy("echo");
  provider.scale("echo", 2);
  await provider.settled("echo");
  for (let call = 0; call < 7; call++) await (await fetch(`${url}/function/echo`)).text();
  const readState = async () => (await (await get("/ui/api/state")).json()) as UiState;
  await eventually(async () => (await readState()).functions[0]?.invocations === 7, { what: "the next sample" });
  const state = await readState();
  const [status] = (await (await system("GET", "functions")).json()) as Record<string, unknown>[];
  const [view] = state.functions;
  assert.equal(view!.name, status!["name"]);
  assert.equal(view!.image, status!["image"]);
  assert.equal(view!.invocations, status!["invocationCount"]);
  assert.equal(view!.desiredReplicas, status!["replicas"]);
  assert.equal(view!.availableReplicas, status!["availableReplicas"]);
  assert.equal(state.platform.profile, "open");
  const history = (await (await get("/ui/api/history/echo")).json()) as HistoryView;
  assert.equal(history.atMs.length, history.ratePerSecond.length);
  assert.equal(history.desiredReplicas.at(-1), 2);
});

test("ui: the stream begins with the state, then samples, then what comes from the bus", async (t) => {
  const bus = memoryBus();
  t.after(() => bus.close());
  const { url } = await startWithPage(t, bus);
  const stream = await openEvents(url);
  t.after(() => stream.close());
  assert.match(stream.response.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.deepEqual((await stream.first<UiState>("state")).bus, { description: "memory", state: "connected" });
  await stream.first("sample");
  await bus.publish(aDecision(4, 60_000));
  const { applied } = await stream.first<DecisionView>("decision");
  assert.equal(applied.decisionId, "stress@4");
  assert.equal(applied.stages[4]!.note, "rate-limited from 7: at most 3 within 15 s");
  assert.equal(stream.events[0]!.event, "state");

  const later = await openEvents(url);
  t.after(() => later.close());
  assert.equal((await later.first<UiState>("state")).decisions[0]!.applied.decisionId, "stress@4");
});

test("ui: so many streams and no more; one that closes makes room", async (t) => {
  const { url } = await startWithPage(t);
  const streams = await Promise.all(Array.from({ length: MAX_STREAMS }, () => openEvents(url)));
  t.after(() => streams.forEach((stream) => stream.close()));
  const refused = await openEvents(url);
  assert.equal(refused.response.status, 503);
  streams[0]!.close();
  await eventually(
    async () => {
      const stream = await openEvents(url);
      t.after(() => stream.close());
      return stream.response.status === 200;
    },
    { what: "room" },
  );
});
