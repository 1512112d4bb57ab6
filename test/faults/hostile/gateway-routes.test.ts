/**
 * Every route of the platform's HTTP servers, tried with every credential, and with whatever else can be put into a request.
 * `REPLICANT_INPUTS=20000` tries so many inputs for each of the two kinds.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Router } from "express";
import fc from "fast-check";

import { alertRoutes } from "#services/local-openfaas/gateway/control/alert.ts";
import type { ControlContext } from "#services/local-openfaas/gateway/control/context.ts";
import { functionRoutes } from "#services/local-openfaas/gateway/control/functions.ts";
import { infoRoutes, namespaceRoutes } from "#services/local-openfaas/gateway/control/info.ts";
import { logRoutes } from "#services/local-openfaas/gateway/control/logs.ts";
import { secretRoutes } from "#services/local-openfaas/gateway/control/secrets.ts";
import { routes } from "#services/local-openfaas/gateway/routes.ts";
import { uiRouter, type UiRouterOptions } from "#services/local-openfaas/ui/router.ts";
import { eventually } from "#test/support/eventually.ts";
import { record } from "#test/support/faults/figures.ts";
import { aRequest, mutated } from "#test/support/faults/gateway-requests.ts";
import {
  askers,
  headersOf,
  heldByProcess,
  sendBytes,
  startGatewayWorld,
  type Asker,
  type GatewayWorld,
  type RawAnswer,
} from "#test/support/faults/gateway-world.ts";

const inputs = Number(process.env["REPLICANT_INPUTS"] ?? 600);

/** Each wrong login from an address of its own: else the pause would hide what is behind it. */
let addresses = 0;
const anAddress = () => `127.${1 + (++addresses >> 16)}.${(addresses >> 8) & 255}.${(addresses & 253) + 1}`;

test("routes: the table names every route of the code", () => {
  const context = { rules: {} } as unknown as ControlContext;
  const system = Router();
  for (const add of [functionRoutes, logRoutes, secretRoutes, alertRoutes]) add(system, context);
  infoRoutes(system, "gateway");
  namespaceRoutes(system);
  const page = uiRouter({
    feed: { listen: () => () => undefined },
    folder: ".",
    signal: AbortSignal.timeout(1),
  } as unknown as UiRouterOptions);
  const named = new Set(routes.flatMap(({ server, methods, path }) => methods.map((m) => `${server} ${m} ${path}`)));
  const missing = [...inCode(system, "/system"), ...inCode(page, "/ui")].filter((route) => !named.has(route));
  assert.deepEqual(missing, []);
  assert.equal(inCode(system, "/system").length, 16);
});

/** Express's own list; `all` is what refuses other methods. */
function inCode(router: Router, prefix: string): string[] {
  return router.stack.flatMap(({ route }) => {
    const methods = Object.keys((route as unknown as { methods?: object } | undefined)?.methods ?? {});
    return methods
      .filter((method) => method !== "_all" && method !== "head")
      .map((method) => `gateway ${method.toUpperCase()} ${prefix}${route!.path}`);
  });
}

test("routes: each credential may do what the table says, and no more", async (t) => {
  const world = await startGatewayWorld(t);
  await world.gateway.deploy("echo");
  const refused = new Map<Asker, number>();
  let tried = 0;
  for (const { server, methods, path, who } of routes) {
    for (const method of methods) {
      for (const asker of askers) {
        const target = path.replace(":name*", "echo/x").replace(":name", "echo").replace("*", "");
        const lines = [`${method} ${target} HTTP/1.1`, ...headersOf(asker), "Content-Length: 2", "", "{}"];
        const options = asker === "wrong" ? { from: anAddress() } : {};
        const answer = await sendBytes(world.urlOf(server), Buffer.from(lines.join("\r\n")), options);
        const { status } = answer;
        const where = `${server} ${method} ${target} by ${asker}: ${answer.text.slice(0, 200)}`;
        tried++;
        assertDecent(answer, where);
        const wanted = refusalOf(path, who, asker);
        if (wanted.length > 0) assert.ok(wanted.includes(status!), `${where}, wanted ${wanted.join(" or ")}`);
        else assert.ok(![401, 403, 421, 429, 500, 502, 503].includes(status!), where);
        if (wanted.length > 0) refused.set(asker, (refused.get(asker) ?? 0) + 1);
      }
    }
  }
  for (const [asker, count] of refused) t.diagnostic(`${asker}: ${count} refused`);
  t.diagnostic(`${tried} calls tried, ${routes.length} rows`);
  assert.deepEqual([refused.get("right"), [...refused.keys()].length], [undefined, 4]);
  assert.equal(await text(world, "functions"), JSON.stringify(["echo"]), "nothing was changed on the way");
  record(import.meta.filename, {
    inputs: tried,
    refused: [...refused.values()].reduce((sum, count) => sum + count, 0),
  });
});

async function text({ gateway }: GatewayWorld, path: string): Promise<string> {
  const answer = (await (await gateway.system("GET", path)).json()) as { name: string }[];
  return JSON.stringify(answer.map(({ name }) => name));
}

function refusalOf(path: string, who: "anyone" | "login", asker: Asker): number[] {
  if (asker === "foreign name") return [421];
  if (asker === "foreign page" && /^\/(?:system|ui)\//.test(path)) return [403];
  if (who === "anyone" || asker === "right" || asker === "foreign page") return [];
  return asker === "none" ? [401] : [401, 429];
}

/** Whatever is asked: no stack, and no mistake of ours. */
function assertDecent({ status, text: answer }: RawAnswer, where: string): void {
  assert.notEqual(status, 500, where);
  assert.doesNotMatch(answer, /\n\s+at .+:\d+:\d+|node_modules|node:internal/, where);
}

/** Tries inputs, then lets everything go and looks at what is left. */
async function tryAll(
  t: TestContext,
  world: GatewayWorld,
  attempt: (count: (answer: RawAnswer) => void) => Promise<void>,
) {
  const byStatus = new Map<number | null, number>();
  const before = await heldByProcess();
  await attempt(({ status }) => void byStatus.set(status, (byStatus.get(status) ?? 0) + 1));
  for (const { deployment } of world.gateway.provider.list()) await world.gateway.provider.remove(deployment.service);
  const most = { handles: before.handles + 40, memoryMaps: before.memoryMaps + 400 };
  const after = await eventually(
    async () => {
      const held = await heldByProcess();
      return held.handles <= most.handles ? held : undefined;
    },
    { what: "handles that were let go", timeoutMs: 20_000 },
  );
  assert.ok(after);
  const statuses = [...byStatus]
    .sort(([a], [b]) => (a ?? 0) - (b ?? 0))
    .map(([status, count]) => `${count} × ${status}`);
  t.diagnostic(statuses.join(", "));
  t.diagnostic(`${before.handles} → ${after.handles} handles, ${before.memoryMaps} → ${after.memoryMaps} memory maps`);
  assert.ok(after.memoryMaps <= most.memoryMaps, `${after.memoryMaps} memory maps, ${before.memoryMaps} before`);
  const mistakes = [...world.logged, ...world.gateway.logged].filter((line) => /\n\s+at /.test(line));
  assert.deepEqual(mistakes, [], "what was thrown and not foreseen");
  let total = 0;
  let refused = 0;
  for (const [status, count] of byStatus) {
    total += count;
    if (status !== null && [401, 403, 421, 429].includes(status)) refused += count;
  }
  record(import.meta.filename, { inputs: total, refused });
}

test("hostile: whatever a request to a route holds, there is an answer, and it is no mistake of ours", async (t) => {
  const world = await startGatewayWorld(t);
  await tryAll(t, world, async (count) => {
    const property = fc.asyncProperty(aRequest(), async ({ server, bytes, end, asker }) => {
      if (!world.gateway.provider.get("echo")) await world.gateway.deploy("echo");
      const answer = await sendBytes(world.urlOf(server), bytes, {
        end,
        ...(asker === "wrong" && { from: anAddress() }),
      });
      count(answer);
      assertDecent(answer, bytes.toString("latin1").slice(0, 500));
    });
    await fc.assert(property, { numRuns: inputs, seed: 7 });
  });
});

test("hostile: bytes that are nearly a request are answered or cut off, and do no harm", async (t) => {
  const world = await startGatewayWorld(t);
  await tryAll(t, world, async (count) => {
    const property = fc.asyncProperty(mutated(aRequest()), async ({ server, bytes }) => {
      if (!world.gateway.provider.get("echo")) await world.gateway.deploy("echo");
      const answer = await sendBytes(world.urlOf(server), bytes, { end: true });
      count(answer);
      assertDecent(answer, JSON.stringify(bytes.toString("latin1").slice(0, 500)));
    });
    await fc.assert(property, { numRuns: inputs, seed: 11 });
  });
});
