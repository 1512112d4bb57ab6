/** Real NATS servers that want to be shown something: each way of authentication, as an operator would configure it. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { nkeys } from "@nats-io/transport-node";

import { askServer, freePort } from "#services/local-openfaas/bus/ports.ts";
import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";
import { eventually } from "./eventually.ts";

/** Starts `program` with JetStream and this configuration; it ends with the test. Answers with `127.0.0.1:port`. */
export async function securedServer(t: TestContext, program: string, configuration: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "nats-secured-"));
  const port = await freePort(null);
  const file = join(folder, "server.conf");
  writeFileSync(
    file,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(folder)}, max_file_store: 512MB }\n${configuration}\n`,
  );
  const guardian = await startGuardian(() => {});
  const child = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said += String(chunk)));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  guardian.watch(child.pid!);
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
    await guardian.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(said);
    return askServer(port, 500);
  });
  return `127.0.0.1:${port}`;
}

/** A user's nkey: what the server is given, and the seed that proves it. */
export function anNkey(): { readonly publicKey: string; readonly seed: string } {
  const pair = nkeys.createUser();
  return { publicKey: pair.getPublicKey(), seed: textOf(pair.getSeed()) };
}

/** Operator, account and user as signed claims: the server's configuration and the user's credentials file. */
export function anOperator(): { readonly configuration: string; readonly creds: string } {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const system = nkeys.createAccount();
  const unlimited = { subs: -1, data: -1, payload: -1 };
  const store = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const general = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const limits = { ...general, ...store };
  const operatorJwt = claim(operator, operator.getPublicKey(), "operator", {});
  const systemJwt = claim(operator, system.getPublicKey(), "account", { limits: general });
  const accountJwt = claim(operator, account.getPublicKey(), "account", { limits });
  const userJwt = claim(account, user.getPublicKey(), "user", { pub: {}, sub: {}, ...unlimited });
  return {
    configuration: `operator: ${operatorJwt}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
    creds: [
      "-----BEGIN NATS USER JWT-----",
      userJwt,
      "------END NATS USER JWT------",
      "",
      "-----BEGIN USER NKEY SEED-----",
      textOf(user.getSeed()),
      "------END USER NKEY SEED------",
      "",
    ].join("\n"),
  };
}

type KeyPair = ReturnType<typeof nkeys.createUser>;

function claim(issuer: KeyPair, subject: string, type: string, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = [
    part({ typ: "JWT", alg: "ed25519-nkey" }),
    part({
      ...{ jti: subject, iat: Math.floor(Date.now() / 1_000), iss: issuer.getPublicKey(), name: type, sub: subject },
      nats: { ...nats, type, version: 2 },
    }),
  ].join(".");
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString("base64url")}`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

export interface Certificates {
  readonly folder: string;
  /** PEM text of `ca`, `server`, `client` or `stranger` (signed by nobody we know). */
  cert(name: string): string;
  key(name: string): string;
}

/** An authority, a server for 127.0.0.1, a client, and a stranger; made by openssl, gone with the test. */
export function certificates(t: TestContext): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = (name: string) => [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    `${name}.key`,
  ];
  for (const name of ["ca", "stranger"]) {
    openssl("req", "-x509", "-days", "1", "-subj", `/CN=${name}`, "-out", `${name}.pem`, ...key(name));
  }
  writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1");
  for (const name of ["server", "client"]) {
    openssl("req", "-subj", `/CN=${name}`, "-out", `${name}.csr`, ...key(name));
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "1"];
    openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...by);
  }
  return {
    folder,
    cert: (name) => readFileSync(join(folder, `${name}.pem`), "utf8"),
    key: (name) => readFileSync(join(folder, `${name}.key`), "utf8"),
  };
}
