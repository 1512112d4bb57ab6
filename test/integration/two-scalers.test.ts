/** Two scaler processes on one NATS server and one platform: one acts, whatever their clocks say and whoever is paused. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import type { Applied } from "#shared/core/decision.ts";
import { makeEvent } from "#shared/events/codec.ts";
import { aProposal } from "#test/support/a-decision.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms, testNatsServer, type TestServer } from "#test/support/nats-server.ts";

const ROOT = join(import.meta.dirname, "../..");

/** A scale call as the platform received it. */
interface Act {
  readonly by: string;
  readonly fencing: number;
  readonly replicas: number;
  readonly atMs: number;
  readonly accepted: boolean;
}

/** A gateway that knows one function, remembers who scaled it under which number, and refuses a lower number. */
async function aGateway(t: TestContext) {
  const acts: Act[] = [];
  let replicas = 1;
  let highest = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += String(part)));
    request.on("end", () => {
      if (request.method === "GET") {
        const annotations = { "replicant.mode": "auto", "replicant.max": "90000" };
        const one = { name: "stress", namespace: "openfaas-fn", replicas, availableReplicas: replicas, annotations };
        response.end(JSON.stringify(request.url === "/system/functions" ? [one] : one));
        return;
      }
      const [by = ""] = Buffer.from(request.headers.authorization!.slice("Basic ".length), "base64")
        .toString()
        .split(":");
      const fencing = Number(request.headers["x-replicant-fencing"]);
      const asked = (JSON.parse(body) as { replicas: number }).replicas;
      const accepted = fencing >= highest;
      acts.push({ by, fencing, replicas: asked, atMs: performance.now(), accepted });
      if (accepted) [replicas, highest] = [asked, fencing];
      response.statusCode = accepted ? 202 : 409;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, acts, replicas: () => replicas };
}

/** Starts the bundle as the template would; `skewMs` puts its wall clock wrong. */
function startScaler(t: TestContext, name: string, nats: TestServer, gatewayUrl: string, skewMs: number): ChildProcess {
  const secrets = mkdtempSync(join(tmpdir(), "secrets-"));
  mkdirSync(secrets, { recursive: true });
  const values = { "nats-token": nats.token, "basic-auth-user": name, "basic-auth-password": "p" };
  for (const [file, value] of Object.entries(values)) writeFileSync(join(secrets, file), value);
  const handler = join(ROOT, "dist/services/scaler/handler.js");
  const child = spawn(
    process.execPath,
    ["--require", join(ROOT, "test/support/skewed-clock.cjs"), "--eval", `require(${JSON.stringify(handler)})`],
    {
      stdio: "ignore",
      env: {
        PATH: process.env["PATH"],
        SKEW_MS: String(skewMs),
        OPENFAAS_NAME: name,
        NATS_URL: nats.url,
        OPENFAAS_URL: gatewayUrl,
        LEASE: "nats",
        secret_mount_path: secrets,
      },
    },
  );
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(secrets, { recursive: true, force: true });
  });
  return child;
}

/** A window of the driver, real time. */
const EVERY_MS = 250;

const programs = natsPrograms();
const program = programs.at(-1)?.program ?? null;

describe("two scalers", { skip: program === null ? "no `nats-server` on PATH" : false }, () => {
  test("one acts; a stopped, a killed and a leaving one are followed; one that was paused does not act on old rights", async (t) => {
    const nats = await testNatsServer(program!);
    t.after(() => nats.close());
    const { url, acts, replicas } = await aGateway(t);
    const bus = await natsBus({ servers: nats.url, token: nats.token, name: "test" });
    t.after(() => bus.close());
    const told: Applied[] = [];
    await bus.subscribe("applied", async ({ data }) => void told.push(data));

    // Twenty seconds apart: more than any span of the lease, less than a window, by which old events are recognised.
    const scalers = new Map([
      ["one", startScaler(t, "one", nats, url, 10_000)],
      ["two", startScaler(t, "two", nats, url, -10_000)],
    ]);

    const ending = new AbortController();
    const driving = drive(ending.signal);
    t.after(async () => {
      ending.abort();
      await driving;
    });
    /** Every window wants one replica more, so that every window is acted on. */
    async function drive(signal: AbortSignal): Promise<void> {
      // Trace time passes as fast as the windows say, however busy this machine is.
      const startMs = performance.now();
      while (!signal.aborted) {
        const seq = Math.floor((performance.now() - startMs) / EVERY_MS) + 1;
        const now = replicas();
        const managed = aManaged({ maxReplicas: 90_000 });
        const window = aWindow({ seq, timeLapse: 30_000 / EVERY_MS, desiredReplicas: now, availableReplicas: now });
        const head = { source: "metrics-collector", subject: "stress", key: window.endedAtMs, nowMs: Date.now() };
        const proposal = aProposal({
          seq,
          endedAtMs: window.endedAtMs,
          policy: { name: "one-more", version: "1" },
          proposedReplicas: now + 1,
          because: "the test wants one more",
        });
        await bus.publish(makeEvent("window", { ...head, data: { managed, window, history: [] } }));
        await bus.publish(
          makeEvent("proposal", { ...head, source: "policy-inference", data: { managed, proposal, window } }),
        );
        await systemClock.sleep(startMs + seq * EVERY_MS - performance.now(), signal);
      }
    }
    const actsAfter = (count: number, by?: string) =>
      acts.slice(count).filter((act) => by === undefined || act.by === by);
    const nextActor = async (timeoutMs: number, not?: string) => {
      const from = acts.length;
      const fromMs = performance.now();
      const act = await eventually(() => actsAfter(from).find(({ by }) => by !== not), { timeoutMs, what: "an act" });
      t.diagnostic(`${act!.by} acts under ${act!.fencing} after ${Math.round(act!.atMs - fromMs)} ms`);
      return act!;
    };

    const first = await nextActor(30_000);
    await eventually(() => acts.length >= 5, { what: "five acts" });
    assert.deepEqual([...new Set(acts.map(({ by }) => by))], [first.by], "one acts");

    // Stopped as a busy machine or a debugger would stop it; the other follows.
    const holder = scalers.get(first.by)!;
    holder.kill("SIGSTOP");
    const second = await nextActor(10_000, first.by);
    assert.ok(second.fencing > first.fencing);
    const before = acts.length;
    holder.kill("SIGCONT");
    await eventually(() => actsAfter(before).length >= 15, {
      timeoutMs: 30_000,
      what: "acts after the first runs again",
    });
    assert.deepEqual(actsAfter(before, first.by), [], "the one that stood still does not even try");

    // Killed as by a power cut.
    scalers.get(second.by)!.kill("SIGKILL");
    const third = await nextActor(10_000, second.by);
    assert.equal(third.by, first.by);
    assert.ok(third.fencing > second.fencing);

    // Asked to end: the next need not wait until the lease has run out.
    scalers.set("three", startScaler(t, "three", nats, url, 0));
    await systemClock.sleep(2_000);
    holder.kill("SIGTERM");
    const fourth = await nextActor(10_000, first.by);
    assert.equal(fourth.by, "three");
    ending.abort();
    await driving;

    assert.ok(
      acts.every(({ accepted }) => accepted),
      "no lower number was ever heard",
    );
    const numbers = acts.map(({ fencing }) => fencing);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
    for (const fencing of new Set(numbers)) {
      const actors = new Set(acts.filter((act) => act.fencing === fencing).map(({ by }) => by));
      assert.equal(actors.size, 1, `one number, one actor: ${[...actors].join(", ")} under ${fencing}`);
    }
    await eventually(() => told.some(({ fencing }) => fencing === fourth.fencing), {
      what: "the last holder's events",
    });
    // Whoever is stopped between sending and hearing that it arrived sends the same again, under the same id.
    const tellings = new Map<string, Applied>();
    for (const one of told) {
      const telling = `${one.decisionId} under ${one.fencing}`;
      assert.deepEqual(tellings.get(telling) ?? one, one, "no holder decides twice on one window");
      tellings.set(telling, one);
    }
    assert.ok(told.every(({ applied, fencing }) => applied === null || fencing !== null));
  });
});
