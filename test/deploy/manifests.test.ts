/** The manifests give each part its own secrets and no other's, pass none as an argument, and nats.yml's server starts and refuses. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { readLogin } from "#shared/events/bus-logins.ts";
import { aModelEvent } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms } from "#test/support/nats-server.ts";
import { askServer, freePort } from "#services/local-openfaas/bus/ports.ts";
import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";
import { setUp } from "#services/cli/set-up-bus.ts";
import { readStack } from "#shared/deploy/stack.ts";

interface Container {
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly valueFrom?: object }[];
  readonly envFrom?: readonly object[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly containers: readonly Container[];
        readonly volumes?: readonly { readonly secret?: { readonly secretName: string } }[];
      };
    };
  };
}

const manifests = ["nats.yml", "nats-rights.yml", "secrets.yml", "services.yml"].flatMap((file) =>
  parseAllDocuments(readFileSync(join("shared/deploy/kubernetes", file), "utf8")).map(
    (document) => document.toJSON() as Manifest,
  ),
);
const named = (kind: string, name: string) => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  assert.ok(found, `there is no ${kind} '${name}'`);
  return found;
};

test("manifests: each part mounts one secret, its own, with nothing in it that stack.yml does not give it", () => {
  const parts = manifests.filter(({ kind }) => kind === "Deployment");
  assert.equal(parts.length, 3);
  const stack = readStack("stack.yml", {});
  for (const { metadata, spec } of parts) {
    const { name } = metadata;
    const mounted = (spec!.template!.spec.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []);
    assert.deepEqual(mounted, [`replicant-${name}`]);
    const keys = Object.keys(named("Secret", mounted[0]!).stringData!);
    const given = stack.find((one) => one.name === name)!.secrets;
    assert.deepEqual(
      keys.filter((key) => !given.includes(key)),
      [],
      name,
    );
    assert.ok(keys.includes(`nats-${name}`), name);
    assert.equal(readLogin(named("Secret", mounted[0]!).stringData![`nats-${name}`]!)?.name, name);
  }
});

test("manifests: no secret is an argument or a variable of a process", () => {
  const containers = manifests.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
  assert.equal(containers.length, 4);
  for (const { args = [], command = [], env = [], envFrom = [] } of containers) {
    assert.deepEqual(
      [...args, ...command].filter((word) => /\$\(|CHANGE-ME|--auth|--pass/.test(word)),
      [],
    );
    assert.deepEqual(
      env.filter(({ valueFrom }) => valueFrom !== undefined),
      [],
    );
    assert.deepEqual(envFrom, []);
  }
});

for (const { name, program } of natsPrograms()) {
  test(`manifests: the server of nats.yml, ${name}, lets each user of the template in, to its own alone`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "nats-manifest-"));
    const [port, monitor] = [await freePort(null), await freePort(null)];
    const files = {
      ...named("ConfigMap", "nats").data,
      ...named("ConfigMap", "nats-rights").data,
      ...named("Secret", "nats-users").stringData,
    };
    for (const [file, text] of Object.entries(files)) {
      const here = text
        .replace("0.0.0.0:4222", `127.0.0.1:${port}`)
        .replace("0.0.0.0:8222", `127.0.0.1:${monitor}`)
        .replace('"/data"', JSON.stringify(join(folder, "data")));
      writeFileSync(join(folder, file), here);
    }
    const child = spawn(program, ["--config", join(folder, "nats-server.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const guardian = await startGuardian(() => {});
    guardian.watch(child.pid!);
    t.after(async () => {
      child.kill("SIGKILL");
      await ended;
      await guardian.close();
      rmSync(folder, { recursive: true, force: true });
    });
    await eventually(
      async () => {
        assert.equal(child.exitCode, null, said);
        return (await askServer(port, 500)) !== null;
      },
      { what: `the server; ${said}` },
    );
    // The step that services/README.md names for a server of one's own.
    const env = {
      ...{ NATS_URL: `nats://127.0.0.1:${port}`, NATS_USER: "admin", NATS_PASSWORD: "CHANGE-ME-admin" },
    };
    const told: string[] = [];
    const world = { env, signal: new AbortController().signal, say: (line: string) => void told.push(line) };
    for (let time = 1; time <= 2; time++) await setUp({ subjectPrefix: "replicant" }, world);
    const made = ["REPLICANT", "KV_replicant-lease", "KV_replicant-control", "KV_replicant-signatures"];
    assert.deepEqual(told, Array(2).fill(`there: ${[...made, "OBJ_replicant-models"].join(", ")}`));
    const notAdmin = { ...world, env: { ...env, NATS_USER: "scaler", NATS_PASSWORD: "CHANGE-ME-scaler" } };
    await assert.rejects(setUp({ subjectPrefix: "replicant" }, notAdmin), /'scaler' may not set up the bus/);

    const as = (user: string) =>
      natsBus({
        ...{ servers: `127.0.0.1:${port}`, name: "test", user, password: `CHANGE-ME-${user}` },
        publishTimeoutMs: 1_000,
      });
    const [collector, trainer, scaler] = [await as("metrics-collector"), await as("trainer"), await as("scaler")];
    t.after(() => Promise.all([collector, trainer, scaler].map((bus) => bus.close())));
    await trainer.publish(aModelEvent(1));
    await assert.rejects(scaler.publish(aModelEvent(2)), { name: "BusUnavailableError", message: /[Pp]ermissions/ });
    await assert.rejects(as("nobody"), { name: "BusRefusedError" });
  });
}
